"""The engine's notices in German: for customers and channels that speak it, and for agents with `texts.locale = "de"`.

Words in braces are filled in by the engine. "von {agent_name}" falls away where no agent is behind a notice.
"""

from collections.abc import Mapping
from typing import Final

from hookflash.sdk import Registry, hookimpl

__all__ = ["GERMAN", "SDK_API", "hookflash_register"]

SDK_API = ">=1.0,<2"

GERMAN: Final[Mapping[str, str]] = {
    "transfer.agent.closed": "Das Gespräch ist für Sie beendet: CHAT WEITERGELEITET",
    "transfer.agent.placed": "Die Weiterleitung wurde angefordert",
    "transfer.customer.placed": "Ihre Anfrage wird an {queue_name} weitergeleitet, bitte warten Sie!",
    "transfer.customer.placed_agent": "Ihre Anfrage wird an {agent_name} weitergeleitet, bitte warten Sie!",
    "transfer.customer.left": "{agent_name} hat das Gespräch verlassen",
    "transfer.customer.no_agent": "Es war leider niemand verfügbar",
    "transfer.agents.placed": "Die Weiterleitung an eine Warteschlange wurde von {agent_name} angefordert",
    "transfer.agents.placed_agent": "Die Weiterleitung an eine Person wurde von {agent_name} angefordert",
    "transfer.agents.no_agent": "Für die Weiterleitung an die Warteschlange ist niemand verfügbar",
    "transfer.agents.no_agent_agent": "Für die Weiterleitung an die Person ist niemand verfügbar",
    "transfer.agents.cancelled": "Die Weiterleitung wurde zurückgenommen",
    "conference.agent.toast": "Eine Konferenz wurde angefordert.",
    "conference.agent.placed": "Die Konferenz wurde angefordert",
    "conference.agents.placed": "Eine Konferenz mit einer Warteschlange wurde von {agent_name} angefordert",
    "conference.agents.placed_agent": "Eine Konferenz mit einer Person wurde von {agent_name} angefordert",
    "conference.agents.no_agent": "Für die Konferenz war niemand verfügbar",
    "conference.agents.cancelled": "Die Konferenzanfrage wurde zurückgenommen",
    "join.agent.self": "Sie sind dem Gespräch beigetreten",
    "join.others.joined": "{agent_name} ist dem Gespräch beigetreten",
    "leave.others.left": "{agent_names} hat das Gespräch verlassen",
    "leave.agent.removed": "Sie wurden aus dem Gespräch genommen: {reason}",
    "customer.agents.left": "Der Kunde hat das Gespräch verlassen",
    "invite.agents.declined": "{agent_name} hat die Anfrage abgelehnt",
    "offer.agent.route": "Chat-Anfrage mit {customer_name}",
    "offer.agent.transfer": "Weiterleitung eines Chats mit {customer_name} von {agent_name}",
    "offer.agent.conference": "Konferenz zu einem Chat mit {customer_name} von {agent_name}",
    "route.customer.no_agent": "Es war leider niemand verfügbar",
    "route.customer.again": "Sie werden mit einer anderen Person verbunden, bitte warten Sie!",
    "route.customer.closed": "Wir haben zurzeit geschlossen. Ihre Nachricht ist angekommen",
    "close.customer.closed": "Das Gespräch wurde beendet",
    "close.customer.force_closed": (
        "Ihr Chat wurde aus technischen Gründen beendet. Bitte melden Sie sich später noch einmal"
    ),
    "delivery.agents.failed": "Eine Nachricht konnte dem Kunden nicht zugestellt werden: {reason}",
}


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the texts."""
    registry.texts("de", GERMAN)

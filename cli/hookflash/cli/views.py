"""How each resource is shown in a table: which columns, and what stands in them.

Ids are short here: within one table all names begin alike. `-o name` and JSON have the whole names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hookflash.cli.output import Column, View, word
from hookflash.cli.text import bare, shown_duration

if TYPE_CHECKING:
    from google.protobuf.duration_pb2 import Duration
    from google.protobuf.timestamp_pb2 import Timestamp

    from hookflash.sdk.client import messages as m

__all__ = [
    "AGENT", "CHANGE", "CHANNEL", "CONVERSATION", "EVENT", "INVITE", "MESSAGE", "PLUGIN", "QUEUE",
    "TOKEN", "clock", "target", "when",
]  # fmt: skip


def when(time: Timestamp) -> str:
    """Return a time as date and time of this machine's zone; nothing where it is not set."""
    from datetime import UTC

    return time.ToDatetime(tzinfo=UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S") if time.seconds else ""


def clock(time: Timestamp) -> str:
    """Return a time of day of this machine's zone."""
    from datetime import UTC

    return time.ToDatetime(tzinfo=UTC).astimezone().strftime("%H:%M:%S") if time.seconds else "--:--:--"


def _span(duration: Duration) -> str:
    return shown_duration(duration.ToTimedelta().total_seconds()) if duration.ByteSize() else ""


def target(sought: m.Target) -> str:
    """Return whom an invite seeks, as `--to` takes it."""
    kind = sought.WhichOneof("target")
    return "" if kind is None else f"{kind}:{bare(getattr(sought, kind))}"


def _agents(conversation: m.Conversation) -> str:
    return ", ".join(bare(each.agent) for each in conversation.participants if each.agent)


def _customer(conversation: m.Conversation) -> str:
    if conversation.customer.display_name:
        return conversation.customer.display_name
    sessions = conversation.channel_sessions
    return sessions[0].address if sessions else ""


def _open_invite(conversation: m.Conversation) -> str:
    if not conversation.HasField("invite"):
        return ""
    invite = conversation.invite
    return f"{word(invite, 'kind')} to {target(invite.target)} {word(invite, 'state')}"


def _domains(agent: m.Agent) -> str:
    return ", ".join(f"{each.media_domain} {each.active + each.reserved}/{each.capacity}" for each in agent.domains)


def _agent_state(agent: m.Agent) -> str:
    return ", ".join(dict.fromkeys(word(each, "state") for each in agent.domains))


def _payload(event: m.Event) -> str:
    from google.protobuf.json_format import MessageToJson

    return MessageToJson(event.payload, indent=None)


def _state(channel: m.Channel) -> str:
    return word(channel.status, "state")


_OUTSIDE: Final = ("CONNECTED", "DISCONNECTED")
QUEUE: Final[View[m.Queue]] = View(
    (
        Column("QUEUE", lambda it: bare(it.name)),
        Column("NAME", lambda it: it.display_name),
        Column("DOMAIN", lambda it: it.media_domain),
        Column("AVAILABLE", lambda it: str(it.stats.available)),
        Column("READY", lambda it: str(it.stats.ready)),
        Column("ACTIVE", lambda it: str(it.stats.active)),
        Column("WAITING", lambda it: str(it.stats.waiting)),
        Column("OLDEST WAIT", lambda it: _span(it.stats.oldest_wait)),
        Column("LONGEST OFFER", lambda it: _span(it.stats.longest_offer), is_wide=True),
        Column("PRIORITY", lambda it: str(it.priority), is_wide=True),
        Column("STRATEGY", lambda it: it.strategy, is_wide=True),
        Column("OFFER TIMEOUT", lambda it: _span(it.offer_timeout), is_wide=True),
        Column("TTL", lambda it: _span(it.ttl), is_wide=True),
        Column("STEPS", lambda it: " | ".join(step.expression or "everybody" for step in it.steps), is_wide=True),
    )
)
AGENT: Final[View[m.Agent]] = View(
    (
        Column("AGENT", lambda it: bare(it.name)),
        Column("NAME", lambda it: it.display_name),
        Column("STATE", _agent_state),
        Column("IN USE", _domains),
        Column("ATTRIBUTES", lambda it: ", ".join(f"{k}={v}" for k, v in sorted(it.attributes.items())), is_wide=True),
        Column("QUEUES", lambda it: ", ".join(map(bare, it.queues)) or "as matched", is_wide=True),
    )
)
CONVERSATION: Final[View[m.Conversation]] = View(
    (
        Column("CONVERSATION", lambda it: bare(it.name)),
        Column("STATE", lambda it: word(it, "state")),
        Column("CUSTOMER", _customer),
        Column("AGENTS", _agents),
        Column("INVITE", _open_invite),
        Column("CHANNEL", lambda it: bare(it.channel)),
        Column("OPENED", lambda it: when(it.create_time)),
        Column("TRANSFERS", lambda it: str(it.transfer_count), is_wide=True),
        Column("POSITION", lambda it: str(it.position), is_wide=True),
    )
)
INVITE: Final[View[m.Invite]] = View(
    (
        Column("INVITE", lambda it: it.name.removeprefix("conversations/").replace("/invites/", "/")),
        Column("KIND", lambda it: word(it, "kind")),
        Column("STATE", lambda it: word(it, "state")),
        Column("TO", lambda it: target(it.target)),
        Column("AGENT", lambda it: bare(it.agent)),
        Column("ATTEMPTS", lambda it: str(it.attempts)),
        Column("BY", lambda it: bare(it.requester)),
        Column("ENDS", lambda it: clock(it.expire_time)),
        Column("PRIORITY", lambda it: str(it.priority), is_wide=True),
        Column("NOTE", lambda it: it.note, is_wide=True),
    )
)
CHANNEL: Final[View[m.Channel]] = View(
    (
        Column("CHANNEL", lambda it: bare(it.name)),
        Column("KIND", lambda it: it.kind),
        Column("SERVED", lambda it: "from outside" if _state(it) in _OUTSIDE else "by the engine"),
        Column("STATE", _state),
        Column("SINCE", lambda it: when(it.status.since_time)),
        Column("QUEUE", lambda it: bare(it.queue)),
        Column("DOMAIN", lambda it: it.media_domain or "chat"),
        Column("UNSETTLED", lambda it: str(it.status.unsettled_deliveries), is_wide=True),
        Column("SETTINGS", lambda it: ", ".join(f"{k}={v}" for k, v in sorted(it.settings.items())), is_wide=True),
        Column("REASON", lambda it: it.status.reason),
    )
)
TOKEN: Final[View[m.Token]] = View(
    (
        Column("TOKEN", lambda it: bare(it.name)),
        Column("ROLE", lambda it: word(it, "role")),
        Column("SUBJECT", lambda it: it.subject),
        Column("FOR", lambda it: ", ".join([*map(bare, it.agents), *([it.channel] if it.channel else [])]) or "all"),
        Column("MADE", lambda it: when(it.create_time)),
        Column("ENDS", lambda it: when(it.expire_time) or "never"),
        Column("LAST USED", lambda it: when(it.last_use_time) or "never", is_wide=True),
    )
)
EVENT: Final[View[m.Event]] = View(
    (
        Column("POSITION", lambda it: f"{it.position}.{it.index}"),
        Column("TIME", lambda it: when(it.time)),
        Column("TYPE", lambda it: it.type),
        Column("SUBJECT", lambda it: it.subject),
        Column("BY", lambda it: it.principal),
        Column("CAUSE", lambda it: it.cause, is_wide=True),
        Column("PAYLOAD", _payload, is_wide=True),
    ),
    lambda it: f"{it.position}.{it.index}",
)
CHANGE: Final[View[m.Change]] = View(
    (
        Column("CHANGE", lambda it: word(it, "kind")),
        Column("RESOURCE", lambda it: it.name),
        Column("FIELDS", lambda it: ", ".join(it.changed_fields)),
    )
)


def _sink(sink: m.Sink) -> str:
    """A sink in a few words: `jsonl RUNNING, 0 behind`."""
    why = f": {sink.reason}" if sink.reason else ""
    return f"{sink.name} {word(sink, 'state')}, {sink.lag:,} behind{why}"


PLUGIN: Final[View[m.Plugin]] = View(
    (
        Column("PLUGIN", lambda it: it.name),
        Column("STATE", lambda it: word(it, "state") or "INSTALLED"),
        Column("VERSION", lambda it: it.version),
        Column("FAULTS", lambda it: str(it.faults or "")),
        Column("KEPT BACK", lambda it: ", ".join(it.kept_back)),
        Column("BRINGS", lambda it: ", ".join(it.objects)),
        Column("SINKS", lambda it: ", ".join(_sink(sink) for sink in it.sinks)),
        Column("REASON", lambda it: it.reason),
    )
)
MESSAGE: Final[View[m.Message | m.Whisper]] = View(
    (
        Column("NAME", lambda it: bare(it.name)),
        Column("BY", lambda it: bare(it.sender)),
        Column("TEXT", lambda it: it.text),
    )
)

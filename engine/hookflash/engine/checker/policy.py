"""Who may cause what, asked again of every event of the journal (I14).

The table is the specification's (R-G12), written down here a second time: which roles may cause an event, and for
which of them the agent it names must be the one who acts. What merely follows from an event (notices, slots, matching)
is nobody's own doing. The engine's own principal may do what timers, streams and the boot do.
"""

from collections.abc import Mapping
from typing import NamedTuple

from hookflash.engine.domain import events as e
from hookflash.engine.domain.struct import Struct
from hookflash.engine.domain.values import CloseCause, LeaveReason
from hookflash.engine.journal.record import CauseKind, Record
from hookflash.sdk.types import InviteKind, OfferOutcome, ParticipantRole, Role

from .findings import Findings
from .violation import Promise
from .world import World

__all__ = ["Policy", "Signature", "signature"]

_ENGINE = "engine"
_STAFF = frozenset({Role.AGENT, Role.SUPERVISOR, Role.SERVICE, Role.ADMIN})
_DESKS = frozenset({Role.AGENT, Role.SERVICE, Role.ADMIN})
_OUTSIDE = frozenset({Role.SERVICE, Role.ADAPTER, Role.ADMIN})
_ROUTERS = frozenset({Role.SUPERVISOR, Role.SERVICE, Role.ADMIN})
_ADMINS = frozenset({Role.ADMIN})


class _Rule(NamedTuple):
    """Who may, and the agent who must be acting where somebody acts for one."""

    roles: frozenset[Role]
    agent: str | None = None


class Signature(Struct, frozen=True):
    """A record's principal, taken apart: role, subject, and the agent it acts for (empty: none)."""

    role: Role
    subject: str
    agent: str

    @property
    def is_engine(self) -> bool:
        """Whether it is the engine itself."""
        return self.role is Role.ADMIN and self.subject == _ENGINE


def signature(principal: str) -> Signature | None:
    """Read `ROLE:subject`, `ROLE:subject for agents/ann` or `ENGINE:`; None where it is none of them."""
    if principal == "ENGINE:":
        return Signature(Role.ADMIN, _ENGINE, "")
    signed, _, acting = principal.partition(" for agents/")
    role, colon, subject = signed.partition(":")
    if not colon or not subject or role not in Role.__members__:
        return None
    own = subject.removeprefix("agents/") if subject.startswith("agents/") else ""
    return Signature(Role[role], subject, acting or own)


class Policy:
    """Judges every event by who signed its record."""

    def __init__(self, world: World, findings: Findings, methods: Mapping[str, frozenset[Role]]) -> None:
        """`methods` says which roles may call which `Service/Method`, as declared; empty: that is not asked."""
        self._world, self._findings, self._methods = world, findings, methods
        self._scopes: dict[tuple[Role, str], dict[str, frozenset[str]]] = {}
        self._signatures: dict[str, Signature | None] = {}

    def begin(self, record: Record) -> Signature | None:
        """Judge the record's principal as such; answers who signed."""
        principal = record.principal
        if principal not in self._signatures:
            self._signatures[principal] = signature(principal)
        signed = self._signatures[principal]
        if signed is None:
            self._findings.say(Promise.I13, f"the record is signed by {principal!r}, which is no principal")
            return None
        if signed.role is Role.VIEWER:
            self._findings.say(Promise.I14, f"{principal} changed something")
        method = record.key.removeprefix(f"{signed.role}:{signed.subject} ").partition(" ")[0] if record.key else ""
        allowed = self._methods.get(method)
        if allowed is not None and signed.role not in allowed:
            self._findings.say(Promise.I14, f"{principal} called {method}")
        scope = self._scopes.get((signed.role, signed.subject))
        if scope and signed.agent and all(agents and signed.agent not in agents for agents in scope.values()):
            self._findings.say(Promise.I14, f"{principal} acted for an agent outside its token's scope")
        return signed

    def judge(self, signed: Signature, record: Record, subject: str, event: e.Event) -> None:
        """Ask the table about one event, before it has happened in the world."""
        rule = self._rule(subject, event)
        if rule is not None and not signed.is_engine:
            what = type(event).__name__
            if signed.role not in rule.roles:
                self._findings.say(Promise.I14, f"{record.principal} caused {what} of {subject}")
            if rule.agent is not None and signed.agent and signed.agent != rule.agent:
                self._findings.say(Promise.I14, f"{record.principal} caused {what} of {subject} for {rule.agent}")
            if signed.role is Role.AGENT and signed.subject != f"agents/{signed.agent}":
                self._findings.say(Promise.I14, f"{record.principal} acts for another agent")
        match event:
            case e.Booted():
                is_boot = signed.is_engine and record.cause.kind is CauseKind.BOOT
                self._findings.expect(Promise.I14, is_boot, f"{record.principal} booted the engine")
            case e.TokenCreated(settings=token):
                scopes = self._scopes.setdefault((token.role, token.subject), {})
                scopes[token.id] = frozenset(token.agents)
            case _:
                pass

    def _rule(self, subject: str, event: e.Event) -> _Rule | None:
        match event:
            case e.MessageSent(agent=None):
                return _Rule(_OUTSIDE)
            case e.MessageSent(agent=agent):
                return _Rule(_DESKS, agent)
            case e.WhisperSent(agent=agent):
                return _Rule(_STAFF, agent)
            case e.InvitePlaced():
                return self._placing(subject, event)
            case e.OfferEnded(outcome=OfferOutcome.ACCEPTED | OfferOutcome.DECLINED, agent=agent):
                return _Rule(_DESKS, agent)
            case e.ParticipantLeft(reason=LeaveReason.LEFT | LeaveReason.TRANSFERRED, agent=agent):
                return _Rule(_STAFF, agent)
            case e.ConversationOpened() | e.ChannelSessionOpened() | e.DeliverySettled() | e.DeliveryReceived():
                return _Rule(_OUTSIDE)
            case e.ConversationClosed(cause=cause):
                return _closing(cause)
            case e.AgentAttached() | e.AgentDetached():
                return _Rule(_DESKS, subject)
            case e.AgentLoggedOut():
                return _Rule(_STAFF, subject)
            case e.ReadinessChanged(reason=reason):
                return None if reason == "RONA" else _Rule(_STAFF, subject)
            case (
                e.AgentConfigured() | e.AgentDeleted() | e.QueueConfigured() | e.QueueDeleted() | e.ChannelConfigured()
                | e.ChannelDeleted() | e.AttributeConfigured() | e.AttributeDeleted() | e.MediaDomainConfigured()
                | e.MediaDomainDeleted() | e.TokenCreated() | e.TokenRevoked() | e.Booted() | e.PluginFault()
            ):  # fmt: skip
                return _Rule(_ADMINS)
            case _:
                return None

    def _placing(self, conversation: str, event: e.InvitePlaced) -> _Rule | None:
        """Only a PRIMARY places a transfer or a conference; who routes is nobody in the conversation."""
        invite = event.invite
        if invite.kind is InviteKind.ROUTE:
            # Exempt is what follows from a logout or from the policy for unattended conversations.
            return None if event.is_exempt else _Rule(_OUTSIDE | _ROUTERS if invite.number == 1 else _ROUTERS)
        talk = self._world.talks.get(conversation)
        role = None if talk is None else talk.present.get(invite.requester or "")
        fact = f"{invite.requester} placed a {invite.kind} in {conversation} without being PRIMARY"
        self._findings.expect(Promise.I14, role is ParticipantRole.PRIMARY, fact)
        return _Rule(_STAFF, invite.requester)


def _closing(cause: CloseCause) -> _Rule | None:
    match cause:
        case CloseCause.SUPERVISOR | CloseCause.FORCE_CLOSED:
            return _Rule(_ROUTERS)
        case CloseCause.AGENT:
            return _Rule(_STAFF)
        case CloseCause.SERVICE | CloseCause.CUSTOMER | CloseCause.INACTIVITY | CloseCause.NETWORK:
            return None  # The unattended policy, or somebody's going: it follows from what was judged.

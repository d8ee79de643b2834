"""Values for the fields of fuzzed messages: names and words of a site that exists, and what no field should hold.

Everything is drawn from the generator that is given, so a message is the same wherever its seed and number are.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor

__all__ = ["PER_CONVERSATION", "Moment", "extreme", "holder_of", "plausible_text"]

AGENTS: Final = ("ann", "ben", "carl", "dora", "eve")
QUEUES: Final = ("billing", "empty", "phones", "nowhere")
CHANNELS: Final = ("web", "mail", "nochannel")
_ADDRESSES: Final = 40
_HOLDERS: Final = 3
PER_CONVERSATION: Final = 600
"""Messages until the talk is of the next conversation."""


_TEXTS: Final[Sequence[str]] = (
    "",
    " ",
    "\t\n",
    "\0",
    "\x1b[31mred\x1b[0m",
    "x" * 63,
    "x" * 64,
    "x" * 4_096,
    "x" * 4_097,
    "x" * 20_000,
    "\u202eright to left",
    "\U0001f469\u200d\U0001f680" * 50,
    "e\u0301" * 2_000,
    "\ufffe\uffff\U0010ffff",
    "\ufeff",
    "conversations/",
    "conversations//",
    "conversations/../tokens",
    "conversations/a/b/c/d/e",
    "conversations/*",
    "agents/ann/",
    "/agents/ann",
    "AGENTS/ANN",
    "queues/" + "q" * 64,
    "offers/~1",
    "offers/a~0",
    "offers/a~99999999999999999999",
    "conversations/a/invites/-1",
    "conversations/a/deliveries/1.5",
    "' OR 1=1 --",
    '"; DROP TABLE records; --',
    "%s%n%x{0}{}$(reboot)`id`",
    "../../../../etc/passwd",
    "<script>alert(1)</script>",
    "state = ",
    "= ACTIVE",
    "state = ACTIVE AND AND",
    "state = ACTIVE AND agent = agents/ann",
    "type = ParticipantJoined",
    "subject = conversations/f0 AND type = MessageSent",
    "(((((((((((((((((((",
    "french >= 5 AND (german OR NOT spanish)",
    "french >= 99999999999999999999999",
    "1.0",
    "99999999999999999999.0",
    "-1",
    "nan",
)
_NUMBERS: Final = (0, 1, -1, 2, 9, 10, 11, 100, 101, 1_000, 1_001, 2**31 - 1, -(2**31))
_LARGE: Final = (*_NUMBERS, 2**31, 2**53, 2**63 - 1, -(2**63))
_SECONDS: Final = (0, 1, 5, 300, -1, 2_592_000, 2_592_001, 315_576_000_000, -315_576_000_001, 2**63 - 1, -(2**63))
_NANOS: Final = (0, 1, -1, 999_999_999, -999_999_999, 1_000_000_000, 2**31 - 1, -(2**31))


@dataclass(slots=True)
class Moment:
    """Where in the run a message stands: the conversations that are talked of move on as the numbers do."""

    chance: Random
    number: int
    caller: str
    named: int = 0
    """The number of the conversation that was named last."""

    def conversation(self) -> str:
        """The id of a conversation of now, sometimes of long ago."""
        now = self.number // PER_CONVERSATION
        back = self.chance.randrange(3) if self.chance.random() < 0.95 else self.chance.randrange(now + 1)
        self.named = max(now - back, 0)
        return f"f{self.named}"

    def one(self, of: Sequence[str]) -> str:
        """One of several."""
        return of[self.chance.randrange(len(of))]

    def mostly(self, usual: Sequence[str], odd: Sequence[str]) -> str:
        """One of the usual, or in one case of twelve of the odd."""
        return self.one(usual if self.chance.random() < 0.92 else odd)

    def agent(self) -> str:
        """An agent's name."""
        return f"agents/{self.mostly(AGENTS, ('nobody',))}"

    def queue(self) -> str:
        """A queue's name."""
        return f"queues/{self.mostly(('billing',), QUEUES)}"


def holder_of(number: int) -> str:
    """The agent to whom the conversation of that number is offered first."""
    return AGENTS[number % _HOLDERS]


def _numbered(collection: str) -> Callable[[Moment], str]:
    return lambda moment: f"conversations/{moment.conversation()}/{collection}/{1 + moment.chance.randrange(3)}"


def _offer(moment: Moment) -> str:
    return f"offers/{moment.conversation()}~{1 + moment.chance.randrange(4)}"


def _acting(moment: Moment) -> str:
    """An AGENT acts for itself; everybody else names somebody."""
    usual = ("",) if moment.caller == "agent" else (f"agents/{holder_of(moment.named)}",)
    return moment.mostly(usual, ("", *(f"agents/{name}" for name in AGENTS), "agents/nobody"))


def _filter(message: str, moment: Moment) -> str:
    if message == "ListConversationsRequest":
        return moment.one(("", "state = ACTIVE", "state = QUEUED", f"agent = {moment.agent()}"))
    return moment.one(("", "type = MessageSent", f"subject = conversations/{moment.conversation()}"))


def _past(moment: Moment) -> str:
    """One that little is still meant for: closed any earlier, there would be nothing to hit."""
    return f"conversations/f{max(moment.number // PER_CONVERSATION - 2 - moment.chance.randrange(2), 0)}"


_NAME_IN: Final[Mapping[str, Callable[[Moment], str]]] = {
    "CloseConversationRequest": _past,
    "GetInviteRequest": _numbered("invites"),
    "CancelInviteRequest": _numbered("invites"),
    "SettleDeliveryRequest": _numbered("deliveries"),
    "AcceptOfferRequest": _offer,
    "DeclineOfferRequest": _offer,
    "GetAgentRequest": Moment.agent,
    "Agent": Moment.agent,
    "GetQueueRequest": Moment.queue,
    "Queue": lambda moment: f"queues/{moment.one(QUEUES)}",
    "Channel": lambda moment: f"channels/{moment.one(CHANNELS)}",
    "Attribute": lambda moment: f"attributes/{moment.one(('french', 'german', 'new'))}",
    "MediaDomain": lambda moment: f"mediaDomains/{moment.one(('voice', 'chat', 'new'))}",
    "RevokeTokenRequest": lambda moment: f"tokens/{moment.number:08x}",
}
_BY_FIELD: Final[Mapping[str, Callable[[Moment], str]]] = {
    "agent": _acting,
    "agents": Moment.agent,
    "queue": Moment.queue,
    "queues": Moment.queue,
    "channel": lambda moment: f"channels/{moment.mostly(('web',), CHANNELS)}",
    "conversation": lambda moment: f"conversations/{moment.conversation()}",
    "conversation_id": Moment.conversation,
    "address": lambda moment: f"+{moment.chance.randrange(_ADDRESSES)}",
    "external_id": lambda moment: f"x{moment.number - moment.chance.randrange(3)}",
    "request_id": lambda moment: moment.mostly(("", f"r{moment.number}"), (f"r{moment.number - 9}",)),
    "media_domain": lambda moment: moment.mostly(("", "chat"), ("voice",)),
    "subject": lambda moment: moment.agent(),
    "strategy": lambda moment: moment.mostly(("", "longest_available"), ("none_such",)),
    "kind": lambda moment: moment.one(("", "web", "mail")),
    "etag": lambda moment: moment.mostly(("",), tuple(str(number) for number in range(99))),
    "page_token": lambda moment: moment.mostly(("",), tuple(str(number) for number in range(99))),
    "expression": lambda moment: moment.one(("french >= 5", "french AND german", "NOT french", "true")),
    "overflow": lambda moment: moment.one(("", "queues/billing", "queues/empty")),
}


def plausible_text(message: str, field: str, moment: Moment) -> str:
    """What a caller who knows the site would put into a text field of that message."""
    if field == "name":
        found = _NAME_IN.get(message)
        return f"conversations/{moment.conversation()}" if found is None else found(moment)
    if field == "filter":
        return _filter(message, moment)
    of_field = _BY_FIELD.get(field)
    return f"{field} {moment.number}" if of_field is None else of_field(moment)


def extreme(field: FieldDescriptor, moment: Moment) -> Any:  # noqa: ANN401  any field's
    """What nobody should put into a scalar field of that type; it can always be encoded."""
    chance = moment.chance
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_STRING if field.type == FieldDescriptor.TYPE_BYTES:
            return chance.randbytes(chance.choice((0, 1, 40, 5_000)))
        case FieldDescriptor.CPPTYPE_STRING:
            return "m" * 300_000 if chance.random() < 0.001 else moment.one(_TEXTS)
        case FieldDescriptor.CPPTYPE_BOOL:
            return chance.random() < 0.5
        case FieldDescriptor.CPPTYPE_ENUM:
            return chance.choice((0, 1, 2, 3, 7, 99, -1, 2**31 - 1))
        case FieldDescriptor.CPPTYPE_INT32:
            if field.name == "nanos":
                return chance.choice(_NANOS)
            return chance.choice(_NUMBERS)
        case FieldDescriptor.CPPTYPE_INT64:
            return chance.choice(_SECONDS if field.name == "seconds" else _LARGE)
        case FieldDescriptor.CPPTYPE_UINT32 | FieldDescriptor.CPPTYPE_UINT64:
            return chance.choice((0, 1, 2**31, 2**32 - 1))
        case _:
            return chance.choice((0.0, -0.0, 1.5, float("inf"), float("nan")))

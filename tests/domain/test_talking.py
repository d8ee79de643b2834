"""Opening a conversation, messages, whispers and deliveries; and the numbers, which betray nothing."""

import pytest

from hookflash.engine.domain import commands as c
from hookflash.engine.domain import events as e
from hookflash.engine.domain.refusals import (
    ChannelNotFound,
    ContentNotSupported,
    ConversationClosed,
    ConversationExists,
    ConversationNotActive,
    DeliveryNotFound,
    EmptyMessage,
    MessageTooLong,
    NoOtherAgent,
    NotAParticipant,
    QueueNotFound,
    WindowClosed,
)
from hookflash.engine.domain.timeline import timeline_event, transcript_event
from hookflash.engine.domain.values import Abilities, CloseCause, Customer, Target
from hookflash.sdk.messages import Choice, Media, MediaKind, MediaRef, Template
from hookflash.sdk.types import ChannelId, ConversationState, InviteKind, InviteState, QueueId

from .given import ANN, BILLING, BOB, CAT, WEB, Centre, V, centre, conference, heard, transfer

CARL = Customer(display_name="Carl")


@pytest.fixture
def pair() -> Centre:
    return centre().active(ANN, BOB)


@pytest.mark.spec("R-G10")
def test_the_first_message_opens_the_conversation_and_routes_it_to_the_channels_queue() -> None:
    site = centre(queue=True)
    opened, said, placed, *_ = site.tell(c.OpenConversation(channel=WEB, address="carl", customer=CARL, text="hello"))
    assert isinstance(opened, e.ConversationOpened)
    assert isinstance(said, e.MessageSent)
    assert (said.text, said.agent, said.delivery, said.transcript) == ("hello", None, None, 1)
    assert isinstance(placed, e.InvitePlaced)
    assert (placed.invite.kind, placed.invite.target, placed.invite.priority) == (
        InviteKind.ROUTE, Target(queue=BILLING), 1,
    )  # fmt: skip
    assert (site.state(), site.waiting()) == (ConversationState.QUEUED, 1)


@pytest.mark.spec("R-G10")
def test_a_target_given_goes_before_the_channels_queue() -> None:
    site = centre(queue=True)
    site.opened(target=Target(agent=BOB))
    assert (site.invite().target, site.invite().state) == (Target(agent=BOB), InviteState.OFFERED)


@pytest.mark.spec("R-G10", "INV-1")
def test_with_neither_it_is_unattended_and_says_so() -> None:
    site = centre()
    events = site.opened()
    assert [type(event) for event in events] == [e.ConversationOpened, e.ConversationUnattended]
    assert site.state() is ConversationState.UNATTENDED


@pytest.mark.spec("R-G10")
def test_there_is_one_open_conversation_per_channel_and_address() -> None:
    site = centre()
    site.opened()
    for conversation in (V, "another"):
        with pytest.raises(ConversationExists):
            site.opened(conversation)
    site.opened("another", address="dora")
    site.tell(c.Close(agent=None, cause=CloseCause.SERVICE))
    site.opened("a-third")


def test_an_unknown_channel_or_target_opens_nothing() -> None:
    site = centre()
    with pytest.raises(ChannelNotFound):
        site.tell(c.OpenConversation(channel=ChannelId("fax"), address="carl", customer=CARL))
    with pytest.raises(QueueNotFound):
        site.opened(target=Target(queue=QueueId("nowhere")))
    assert site.conversations() == {}


@pytest.mark.spec("R-L5", "A-23")
def test_what_the_customer_writes_while_parked_is_kept_in_order_and_not_echoed() -> None:
    site = centre(queue=True)
    site.opened()
    said = [site.tell(c.ReceiveMessage(text=f"m{n}"))[0] for n in (1, 2, 3)]
    assert [(event.number, event.text, event.delivery) for event in said if isinstance(event, e.MessageSent)] == [
        (1, "m1", None), (2, "m2", None), (3, "m3", None),
    ]  # fmt: skip
    site.offer(ANN)
    joined = next(event for event in site.accept() if isinstance(event, e.StaffNoticed))
    last = said[-1]
    assert isinstance(last, e.MessageSent)
    assert joined.sequence is not None
    assert joined.sequence > last.sequence


def test_an_agent_writes_to_everybody_and_only_that_is_delivered(pair: Centre) -> None:
    (event,) = pair.tell(c.SendMessage(agent=BOB, text=" hi\n"))
    assert isinstance(event, e.MessageSent)
    assert (event.agent, event.display_name, event.text, event.delivery) == (BOB, "Bob", " hi\n", 3)


def test_nobody_writes_to_a_customer_who_left_nor_into_a_closed_conversation(pair: Centre) -> None:
    pair.tell(c.EndSession())
    with pytest.raises(ConversationNotActive):
        pair.tell(c.SendMessage(agent=ANN, text="hello?"))
    pair.tell(c.Close(agent=ANN, cause=CloseCause.AGENT))
    for command in (c.SendMessage(agent=ANN, text="x"), c.ReceiveMessage(text="x")):
        with pytest.raises(ConversationClosed):
            pair.tell(command)


def test_what_the_channel_cannot_carry_is_refused_before_it_is_stored(pair: Centre) -> None:
    pair.able[WEB] = Abilities(rejected=frozenset({"choice", "template"}))
    choices, template = (Choice(id="y", title="Yes"),), Template(name="hello", language="de")
    with_choices = c.SendMessage(agent=BOB, text="x", choices=choices)
    for refused in (with_choices, c.SendMessage(agent=BOB, text="x", template=template)):
        with pytest.raises(ContentNotSupported):
            pair.tell(refused)
    pair.able[WEB] = Abilities()
    (said,) = pair.tell(c.SendMessage(agent=BOB, text="x", choices=choices, template=template))
    assert isinstance(said, e.MessageSent)
    assert (said.choices, said.template) == (choices, template)


def test_a_medium_may_go_without_a_caption_and_is_refused_where_the_channel_carries_none_of_its_kind(
    pair: Centre,
) -> None:
    picture = Media(kind=MediaKind.IMAGE, ref=MediaRef(url="https://files.example/1.png"))
    (said,) = pair.tell(c.SendMessage(agent=BOB, text=" \n", media=picture))
    assert isinstance(said, e.MessageSent)
    assert (said.text, said.media) == ("", picture)
    pair.able[WEB] = Abilities(rejected=frozenset({"image"}))
    with pytest.raises(ContentNotSupported, match="carries no image"):
        pair.tell(c.SendMessage(agent=BOB, text="x", media=picture))
    with pytest.raises(MessageTooLong):
        pair.tell(c.SendMessage(agent=BOB, text="x" * 4_097, media=picture))


def test_after_the_reply_window_only_a_template_goes_out_until_the_customer_writes_again(pair: Centre) -> None:
    pair.able[WEB] = Abilities(reply_window_s=3600.0)
    pair.tell(c.ReceiveMessage(text="hello"))
    pair.now += 3600.0
    pair.tell(c.SendMessage(agent=BOB, text="just in time"))
    pair.now += 0.1
    with pytest.raises(WindowClosed, match="more than 1 h ago"):
        pair.tell(c.SendMessage(agent=BOB, text="too late"))
    pair.tell(c.SendMessage(agent=BOB, text="x", template=Template(name="hello", language="de")))
    pair.tell(c.SendWhisper(agent=BOB, text="his window is closed"))
    pair.tell(c.ReceiveMessage(text="here again"))
    pair.tell(c.SendMessage(agent=BOB, text="welcome back"))


@pytest.mark.parametrize("of", [c.SendMessage, c.SendWhisper])
def test_empty_and_over_long_texts_are_refused(pair: Centre, of: type[c.SendMessage | c.SendWhisper]) -> None:
    with pytest.raises(EmptyMessage):
        pair.tell(of(agent=ANN, text=" \n\t"))
    with pytest.raises(MessageTooLong):
        pair.tell(of(agent=ANN, text="x" * 4_097))


@pytest.mark.spec("R-W1", "R-W2", "R-W3", "R-W4", "R-C5", "A-04")
def test_a_whisper_is_an_event_of_its_own_without_a_customers_number(pair: Centre) -> None:
    before = pair.talk()
    (event,) = pair.tell(c.SendWhisper(agent=BOB, text="careful"))
    assert isinstance(event, e.WhisperSent)
    assert (event.number, event.agent, event.text, event.sequence) == (1, BOB, "careful", before.sequence + 1)
    after = pair.talk()
    assert (after.messages, after.transcript, after.deliveries) == (
        before.messages, before.transcript, before.deliveries,
    )  # fmt: skip
    assert transcript_event(event) is None
    assert timeline_event(event) == event


@pytest.mark.spec("R-W5", "D-11", "R-W4", "F-01")
def test_alone_a_whisper_is_refused_and_never_becomes_a_message(pair: Centre) -> None:
    pair.tell(c.Leave(agent=BOB))
    before = pair.talk()
    with pytest.raises(NoOtherAgent):
        pair.tell(c.SendWhisper(agent=ANN, text="what a fool"))
    assert pair.talk() == before


@pytest.mark.spec("A-28", "R-G1")
@pytest.mark.parametrize("of", [c.SendMessage, c.SendWhisper])
def test_strangers_and_former_participants_say_nothing(pair: Centre, of: type[c.SendMessage | c.SendWhisper]) -> None:
    pair.tell(transfer(BOB))
    for agent in (BOB, CAT):
        with pytest.raises(NotAParticipant):
            pair.tell(of(agent=agent, text="hello"))


@pytest.mark.spec("R-G9", "R-G11", "INV-5", "A-29")
def test_timeline_transcript_and_deliveries_are_each_numbered_without_a_gap(pair: Centre) -> None:
    events = [
        *pair.tell(c.ReceiveMessage(text="one")),
        *pair.tell(c.SendWhisper(agent=ANN, text="secret")),
        *pair.tell(c.SendMessage(agent=ANN, text="two")),
        *pair.tell(conference(ANN, agent=CAT, note="secret")),
        *pair.decline(),
        *pair.tell(transfer(ANN, note="secret")),
        *pair.tell(c.Leave(agent=BOB)),
        *pair.end_ttl(),
    ]
    entries = [entry.sequence for entry in map(timeline_event, events) if entry is not None]
    customers = [event for event in events if transcript_event(event) is not None]
    noticed = [event for event in events if isinstance(event, e.CustomerNoticed)]
    numbers = sorted([*(n for n in entries if n is not None), *(event.sequence for event in noticed)])
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    shown = [event for event in customers if isinstance(event, e.MessageSent | e.CustomerNoticed)]
    assert [event.transcript for event in shown] == list(range(3, 3 + len(shown)))
    assert [event.delivery for event in shown if event.delivery] == list(range(3, 2 + len(shown)))
    assert not [event for event in shown if "secret" in event.text]


def test_deliveries_are_settled_once_in_any_order(pair: Centre) -> None:
    pair.tell(c.SendMessage(agent=ANN, text="hi"))
    assert pair.talk().deliveries == 3
    assert pair.tell(c.SettleDelivery(delivery=3)) == [e.DeliverySettled(delivery=3)]
    assert (pair.talk().settled, pair.talk().settled_ahead) == (0, (3,))
    assert pair.tell(c.SettleDelivery(delivery=3)) == []
    for delivery in (1, 2):
        pair.tell(c.SettleDelivery(delivery=delivery))
    assert (pair.talk().settled, pair.talk().settled_ahead, pair.talk().is_settled) == (3, (), True)
    for delivery in (0, 4):
        with pytest.raises(DeliveryNotFound):
            pair.tell(c.SettleDelivery(delivery=delivery))


def test_a_delivery_that_failed_for_good_is_told_to_the_agents(pair: Centre) -> None:
    events = pair.tell(c.SettleDelivery(delivery=1, error="number unknown"))
    assert heard(events) == [("agents", "A message could not be delivered to the customer: number unknown")]
    assert heard(pair.tell(c.RecordReceipt(delivery=2, state="READ"))) == []
    assert heard(pair.tell(c.RecordReceipt(delivery=2, state="FAILED", error="blocked"))) == [
        ("agents", "A message could not be delivered to the customer: blocked")
    ]

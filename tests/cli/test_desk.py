"""The desk's own sense of order: numbers that stay, and which conversation a line means."""

import os

import pytest

from hookflash.cli.desk_input import Lines
from hookflash.cli.desk_state import DeskError, DeskState
from hookflash.cli.waiting import progress_line
from hookflash.sdk.client import messages as m


@pytest.fixture
def state() -> DeskState:
    return DeskState("agents/ann")


def offer(name: str) -> m.Offer:
    return m.Offer(name=f"offers/{name}", conversation=f"conversations/{name}")


def welcome(*conversations: str, offers: tuple[str, ...] = ()) -> m.Welcome:
    return m.Welcome(
        conversations=[m.Conversation(name=f"conversations/{each}") for each in conversations],
        offers=[offer(each) for each in offers],
    )


def test_numbers_stay_across_a_lost_connection(state: DeskState) -> None:
    state.welcome(welcome("a", "b", offers=("x", "y")))
    state.withdrawn("offers/x")
    state.welcome(welcome("b", "c", offers=("y", "z")))
    assert {name: each.number for name, each in state.conversations.items()} == {
        "conversations/b": 2,
        "conversations/c": 3,
    }
    assert {number: each.name for number, each in state.offers.items()} == {2: "offers/y", 3: "offers/z"}


def test_a_conversation_that_was_left_keeps_its_number_for_its_last_words_and_for_a_return(state: DeskState) -> None:
    state.welcome(welcome("a"))
    state.leave("conversations/a")
    assert state.conversations == {}
    known = state.known("conversations/a")
    assert known is not None
    assert known.number == 1
    assert state.conversation("conversations/a") is known
    assert state.known("conversations/b") is None


def test_the_only_conversation_needs_no_number(state: DeskState) -> None:
    state.welcome(welcome("a"))
    conversation, words = state.chosen_conversation(["1", "of", "them"])
    assert (conversation.name, words) == ("conversations/a", ["1", "of", "them"])
    assert state.chosen_conversation(["#1", "hello"])[1] == ["hello"]
    assert state.chosen_conversation(["a", "hello"])[1] == ["hello"]


def test_among_several_the_line_must_say_which(state: DeskState) -> None:
    state.welcome(welcome("a", "b"))
    for reference in ("#2", "2", "b", "conversations/b"):
        conversation, words = state.chosen_conversation([reference, "hello"])
        assert (conversation.name, words) == ("conversations/b", ["hello"])
    with pytest.raises(DeskError, match="several conversations"):
        state.chosen_conversation(["hello"])
    with pytest.raises(DeskError, match="no conversation #3"):
        state.chosen_conversation(["#3", "hello"])


def test_text_never_goes_to_a_conversation_that_was_not_meant(state: DeskState) -> None:
    with pytest.raises(DeskError, match="You are in no conversation"):
        state.chosen_conversation(["hello"])
    state.welcome(welcome("a"))
    with pytest.raises(DeskError, match="no conversation #2"):
        state.chosen_conversation(["#2", "this is for somebody else"])


def test_an_offer_is_chosen_by_number_or_because_it_is_the_only_one(state: DeskState) -> None:
    with pytest.raises(DeskError, match=r"There is no offer\."):
        state.chosen_offer([])
    state.offered(offer("x"))
    assert state.chosen_offer([]) == (1, offer("x"))
    assert state.offered(offer("x")) == 1
    state.offered(offer("y"))
    assert state.chosen_offer(["2"]) == (2, offer("y"))
    with pytest.raises(DeskError, match="several offers"):
        state.chosen_offer([])
    with pytest.raises(DeskError, match="no offer nine"):
        state.chosen_offer(["nine"])


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (b"one\ntwo\n", ["one", "two"]),
        (b"no end", ["no end"]),
        (b"dos\r\n\n", ["dos", ""]),
        ("gr\u00fc\u00dfe \xff\n".encode("latin-1"), ["gr\ufffd\ufffde \ufffd"]),
        (b"", []),
    ],
)
async def test_lines_come_whole_from_any_descriptor(text: bytes, lines: list[str]) -> None:
    reader, writer = os.pipe()
    os.write(writer, text)
    os.close(writer)
    typed = Lines(reader)
    typed.start()
    assert [line async for line in typed] == lines
    assert not typed.is_terminal
    os.close(reader)


def test_a_long_wait_says_what_it_waits_for() -> None:
    invite = m.Invite(
        state=m.InviteState.INVITE_STATE_OFFERED,
        agent="agents/bob",
        attempts=2,
        target=m.Target(queue="queues/billing"),
    )
    invite.offer_expire_time.FromSeconds(1_018)
    invite.expire_time.FromSeconds(1_250)
    assert progress_line(invite, 1_000.0) == "offered to bob (2nd agent), 18 s left"
    invite.state = m.InviteState.INVITE_STATE_PARKED
    assert progress_line(invite, 1_000.0) == "waiting in queue:billing, 2 asked so far, 4 min 10 s left"
    invite.attempts = 0
    invite.ClearField("expire_time")
    assert progress_line(invite, 1_000.0) == "waiting in queue:billing"

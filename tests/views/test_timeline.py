"""What agents and the customer may read of a conversation."""

import pytest

from hookflash.engine.domain.events import MessageSent, ParticipantJoined, StaffNoticed, WhisperSent
from hookflash.engine.views.reads import TimelineRow, TranscriptRow
from hookflash.sdk.types import AgentId
from tests.views.conftest import Project
from tests.views.story import ANN, BOB, CAT, Story, Talk, a_transfer


def _texts(rows: list[TimelineRow]) -> list[str]:
    return [
        event.text if isinstance(event, MessageSent | WhisperSent | StaffNoticed) else type(event).__name__
        for event in (row.event for row in rows)
    ]


@pytest.mark.spec("R-G6")
def test_everybody_s_timeline_names_the_agent_where_an_entry_is_for_one_alone(project: Project) -> None:
    story = Story()
    talk = Talk(story, "c1")
    hello, joined = talk.said("hello"), talk.joined(ANN)
    welcome, others = talk.staff_told("You have joined", ANN), talk.staff_told("ann has joined", but=ANN)
    talk.tell(talk.opened(), hello)
    talk.tell(joined, welcome, others)

    assert project(story).timeline(talk.name) == [
        TimelineRow(1, 1_000.0, None, hello),
        TimelineRow(2, 1_000.0, None, joined),
        TimelineRow(3, 1_000.0, ANN, welcome),
        TimelineRow(4, 1_000.0, None, others),
    ]


@pytest.mark.spec("R-G6", "R-W2")
def test_who_joins_later_sees_everything_from_the_beginning_whispers_too(project: Project) -> None:
    story = Story()
    talk = a_transfer(story)

    assert _texts(project(story).timeline(talk.name, CAT)) == [
        "hello",
        "ParticipantJoined",
        "ann has joined",
        "good day",
        "ParticipantJoined",
        "bob has joined",
        "he is angry",
        "InvitePlaced",
        "ParticipantLeft",
        "ann left",
        "ann is gone",
        "InviteEnded",
        "ParticipantJoined",
    ]


@pytest.mark.spec("R-G6", "R-L9")
def test_who_left_sees_nothing_after_his_leaving_but_what_is_for_him_alone(project: Project) -> None:
    story = Story()
    talk = a_transfer(story)

    assert _texts(project(story).timeline(talk.name, ANN)) == [
        "hello",
        "ParticipantJoined",
        "You have joined",
        "good day",
        "ParticipantJoined",
        "bob has joined",
        "he is angry",
        "InvitePlaced",
        "ParticipantLeft",
        "closed due to CHAT TRANSFERRED",
    ]


@pytest.mark.spec("R-G6")
def test_who_came_back_sees_what_was_said_while_he_was_away(project: Project) -> None:
    story = Story()
    talk = a_transfer(story)
    talk.tell(talk.joined(ANN))

    texts = _texts(project(story).timeline(talk.name, ANN))

    assert "ann is gone" in texts
    assert texts[-1] == "ParticipantJoined"


@pytest.mark.spec("R-G6", "R-G12")
def test_who_never_was_in_it_sees_only_what_is_for_him(project: Project) -> None:
    story = Story()
    talk = a_transfer(story)
    notice = talk.staff_told("for dan", AgentId("dan"))
    talk.tell(notice)

    assert project(story).timeline(talk.name, AgentId("dan")) == [TimelineRow(19, story.at - 1.0, None, notice)]


@pytest.mark.spec("R-G6")
def test_pages_of_a_timeline_meet_at_a_sequence(project: Project) -> None:
    story = Story()
    talk = a_transfer(story)
    reads = project(story)
    whole = reads.timeline(talk.name, BOB)

    pages: list[TimelineRow] = []
    while page := reads.timeline(talk.name, BOB, pages[-1].sequence if pages else 0, 2):
        pages.extend(page)

    assert pages == whole


@pytest.mark.spec("R-G11", "R-W3")
def test_the_transcript_holds_no_whisper_and_no_hole(project: Project) -> None:
    story = Story()
    talk = a_transfer(story)

    rows = project(story).transcript(talk.name)

    assert [(row.number, row.event.text) for row in rows] == [(1, "hello"), (2, "good day"), (3, "please wait")]


@pytest.mark.spec("R-G11", "R-W3")
def test_no_row_of_the_customer_s_side_comes_from_anything_that_was_whispered(project: Project) -> None:
    story = Story()
    talk = Talk(story, "c1")
    talk.tell(talk.opened(), talk.joined(ANN), talk.joined(BOB))
    talk.tell(talk.whispered("secret"), talk.placed(), talk.staff_told("agents only"))
    said = talk.said("public", ANN)
    talk.tell(said)

    reads = project(story)

    assert reads.transcript(talk.name) == [TranscriptRow(1, said.at, said)]
    assert [row.event for row in reads.unsettled_deliveries()] == [said]


@pytest.mark.spec("R-G6")
def test_who_is_or_was_in_a_conversation_may_read_it_and_nobody_else(project: Project) -> None:
    story = Story()
    talk = a_transfer(story)
    reads = project(story)

    who = (ANN, BOB, CAT, AgentId("dan"))

    assert [reads.may_read(talk.name, agent, is_history_visible=True) for agent in who] == [True, True, True, False]


@pytest.mark.spec("R-G6")
def test_closed_conversations_of_the_same_customer_are_read_as_history_while_one_is_in_the_next(
    project: Project,
) -> None:
    story = Story()
    past, present = a_transfer(story, "c1"), Talk(story, "c2")
    other = a_transfer(story, "c3", address="+50")
    past.tell(past.left(BOB), past.left(CAT), past.closed())
    other.tell(other.left(BOB), other.left(CAT), other.closed())
    dan = AgentId("dan")
    present.tell(present.opened(), present.joined(dan), present.joined(ANN))
    reads = project(story)

    assert reads.may_read(past.name, dan, is_history_visible=True)
    assert not reads.may_read(past.name, dan, is_history_visible=False)
    assert not reads.may_read(other.name, dan, is_history_visible=True)
    assert "ann is gone" in _texts(reads.timeline(past.name, dan))
    assert "ann is gone" in _texts(reads.timeline(past.name, ANN))
    assert "ann is gone" not in _texts(reads.timeline(past.name, ANN, is_history_visible=False))


@pytest.mark.spec("R-G6")
def test_history_is_no_longer_to_be_read_once_the_agent_is_out_of_the_next_conversation(project: Project) -> None:
    story = Story()
    past, present = a_transfer(story, "c1"), Talk(story, "c2")
    past.tell(past.left(BOB), past.left(CAT), past.closed())
    dan = AgentId("dan")
    joined = present.joined(dan)
    assert isinstance(joined, ParticipantJoined)
    present.tell(present.opened(), joined)
    present.tell(present.left(dan))

    assert not project(story).may_read(past.name, dan, is_history_visible=True)

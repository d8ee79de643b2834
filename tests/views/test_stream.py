"""What reached an agent's desk: live by the rule of `audience`, and again for a desk that comes back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hookflash.engine.domain import events as e
from hookflash.engine.views.audience import audience
from hookflash.engine.views.projector import Projector
from hookflash.engine.views.reads import Reads, StreamRow
from hookflash.engine.views.store import Views
from hookflash.sdk.types import AgentId, ConversationId
from tests.views.conftest import Project
from tests.views.story import ANN, BOB, CAT, Story, Talk, a_transfer


def _heard(story: Story, agent: AgentId) -> list[StreamRow]:
    return [
        StreamRow(p.record.position, index, ConversationId(conversation.id), event)
        for p in story.projections
        for who, index, conversation, event in audience(p.record, p.states)
        if who == agent
    ]


def _texts(rows: list[StreamRow]) -> list[str]:
    return [getattr(row.event, "text", type(row.event).__name__) for row in rows]


@pytest.mark.spec("R-L9")
def test_who_transfers_is_told_so_and_then_hears_no_more() -> None:
    story = Story()
    a_transfer(story)

    assert _texts(_heard(story, ANN))[-4:] == [
        "placed successfully",
        "InvitePlaced",
        "ParticipantLeft",
        "closed due to CHAT TRANSFERRED",
    ]


@pytest.mark.spec("R-G6")
def test_who_joins_hears_the_whole_record_in_which_he_joins() -> None:
    story = Story()
    a_transfer(story)

    assert _texts(_heard(story, CAT)) == ["InviteEnded", "ParticipantJoined"]


@pytest.mark.spec("R-G6", "R-L9")
def test_a_desk_that_comes_back_gets_what_it_missed_and_nothing_twice(project: Project) -> None:
    story = Story()
    a_transfer(story)
    a_transfer(story, "c2", "+50")
    reads = project(story)

    for agent in (ANN, BOB, CAT):
        heard = _heard(story, agent)
        assert reads.stream(agent, 0, story.position) == heard
        assert reads.stream(agent, 5, 12) == [row for row in heard if 5 < row.position <= 12]
    assert reads.stream(AgentId("dan"), 0, story.position) == []


def test_a_desk_that_missed_more_than_is_kept_gets_nothing(project: Project) -> None:
    story = Story()
    talk = Talk(story, "c1")
    talk.tell(talk.opened(), talk.joined(ANN))
    for _ in range(1_000):
        talk.tell(talk.said("hello?"))
    reads = project(story)

    assert reads.stream(ANN, 0, 2_000) is None
    rows = reads.stream(ANN, 1, 2_000)
    assert rows is not None
    assert [row.position for row in rows] == list(range(2, 1_002))


_DOING = st.tuples(st.integers(0, 5), st.sampled_from((ANN, BOB)))


@pytest.mark.spec("R-G6", "R-L9", "R-W2")
@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(_DOING, min_size=1, max_size=6), max_size=6))
def test_what_is_kept_for_a_desk_is_what_it_was_sent(doings: list[list[tuple[int, AgentId]]]) -> None:
    story = Story()
    talk = Talk(story, "c1")
    talk.tell(talk.opened())
    present: set[AgentId] = set()
    for record in doings:
        events: list[e.Event] = []
        for what, agent in record:
            match what:
                case 0 if agent not in present:
                    events.append(talk.joined(agent))
                    present.add(agent)
                case 1 if agent in present:
                    events.append(talk.left(agent))
                    present.discard(agent)
                case 2:
                    events.append(talk.staff_told("to you", agent))
                case 3:
                    events.append(talk.staff_told("to the others", but=agent))
                case 4:
                    events.append(talk.staff_told("toast", agent, is_toast=True))
                case _:
                    events.append(talk.said("hello"))
        talk.tell(*events)
    views = Views.open(None)
    projector = Projector(views, gather_s=0.0)
    projector.feed(story.projections)
    projector.stop()
    found = {agent: Reads(views).stream(agent, 0, story.position) for agent in (ANN, BOB)}
    views.close()

    assert found == {agent: _heard(story, agent) for agent in (ANN, BOB)}

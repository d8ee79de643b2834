"""What the projector makes of records: lists, invites, deliveries, keys; and what it does with what cannot be."""

import sqlite3
from threading import Event
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.events import MediaDomainConfigured, MediaDomainDeleted
from hookflash.engine.domain.struct import changed
from hookflash.engine.domain.values import MediaDomainSettings
from hookflash.engine.views.projection import Violation
from hookflash.engine.views.projector import Projector
from hookflash.engine.views.reads import ConversationRow, DeliveryRow, Reads
from hookflash.engine.views.schema import TABLES
from hookflash.engine.views.store import Views
from hookflash.sdk.types import AgentId, ConversationId, ConversationState, InviteKind, InviteState, MediaDomainId
from tests.views.conftest import Project
from tests.views.story import ANN, BOB, CAT, WEB, Story, Talk, a_transfer, names

VOICE = Address(Kind.MEDIA_DOMAIN, "voice")


def test_a_snapshot_is_the_state_after_the_last_record_that_touched_the_entity(project: Project) -> None:
    story = Story()
    talk = a_transfer(story)
    story.tell((VOICE, MediaDomainConfigured(settings=MediaDomainSettings(id=MediaDomainId("voice"), capacity=2))))
    reads = project(story)

    assert reads.snapshot(talk.address) == (talk.state, 9)
    assert reads.snapshot(VOICE) == (story.states[VOICE], 10)
    assert reads.watermark() == 10


def test_what_is_gone_has_no_snapshot(project: Project) -> None:
    story = Story()
    story.tell((VOICE, MediaDomainConfigured(settings=MediaDomainSettings(id=MediaDomainId("voice")))))
    story.tell((VOICE, MediaDomainDeleted()))

    assert project(story).snapshot(VOICE) is None


@pytest.mark.spec("I10")
def test_recovery_loads_what_is_open_or_unsettled_and_nothing_else(project: Project) -> None:
    story = Story()
    still_open, unsettled, over = a_transfer(story, "c1"), Talk(story, "c2", "+50"), Talk(story, "c3", "+51")
    unsettled.tell(unsettled.opened(), unsettled.customer_told("bye"), unsettled.closed())
    over.tell(over.opened(), over.customer_told("bye"), over.closed())
    over.tell(over.settled(1))

    assert list(project(story).live_snapshots()) == [
        (still_open.address, still_open.state, 9),
        (unsettled.address, unsettled.state, 10),
    ]


@pytest.mark.spec("R-G6", "R-G12")
def test_conversations_are_listed_by_state_by_agent_and_by_who_may_read_them(project: Project) -> None:
    story = Story()
    first, second, third = a_transfer(story, "c1"), Talk(story, "c2", "+50"), Talk(story, "c3", "+51")
    second.tell(second.opened(), second.joined(ANN))
    third.tell(third.opened())
    third.tell(third.closed())
    reads = project(story)

    def listed(rows: list[ConversationRow]) -> list[str]:
        return [row.conversation.id for row in rows]

    assert reads.conversations() == [
        ConversationRow(third.state, 12),
        ConversationRow(second.state, 10),
        ConversationRow(first.state, 9),
    ]
    assert listed(reads.conversations(state=ConversationState.CLOSED)) == ["c3"]
    assert listed(reads.conversations(agent=ANN)) == ["c2"]
    assert listed(reads.conversations(agent=CAT, state=ConversationState.ACTIVE)) == ["c1"]
    assert listed(reads.conversations(readable_by=ANN)) == ["c2", "c1"]
    assert listed(reads.conversations(readable_by=AgentId("dan"))) == []


@pytest.mark.spec("R-G6")
def test_an_agent_s_list_holds_his_customer_s_history_where_it_is_visible(project: Project) -> None:
    story = Story()
    past, present = Talk(story, "c1"), Talk(story, "c2")
    past.tell(past.opened())
    past.tell(past.closed())
    present.tell(present.opened(), present.joined(ANN))
    reads = project(story)

    assert [row.conversation.id for row in reads.conversations(readable_by=ANN)] == ["c2", "c1"]
    assert [row.conversation.id for row in reads.conversations(readable_by=ANN, is_history_visible=False)] == ["c2"]


def test_pages_of_conversations_neither_shift_nor_repeat_while_others_are_opened(views: Views) -> None:
    story, projector, reads = Story(), Projector(views, gather_s=0.0), Reads(views)
    ids = names()
    before = [_opened(story, next(ids)) for _ in range(7)]
    projector.feed(story.projections)
    seen: list[ConversationId] = []
    token = None
    projector.wait_for(story.position, 10.0)
    while page := reads.conversations(before=token, limit=2):
        seen.extend(row.conversation.id for row in page)
        token = page[-1].token
        _opened(story, next(ids))
        projector.feed(story.projections[-1:])
        assert projector.wait_for(story.position, 10.0)
    projector.stop()

    assert seen == [talk.name for talk in reversed(before)]


def _opened(story: Story, name: str) -> Talk:
    # Two at a time are opened at the same instant; the id decides between them.
    story.at -= story.position % 2
    talk = Talk(story, name, address=name)
    talk.tell(talk.opened())
    return talk


def test_a_past_invite_is_kept_as_it_ended_also_when_the_next_came_in_the_same_record(project: Project) -> None:
    story = Story()
    talk = Talk(story, "c1")
    talk.tell(talk.opened(), talk.placed())
    first = talk.state.invite
    assert first is not None
    talk.tell(talk.ended(1), talk.placed(InviteKind.ROUTE), talk.ended(2), talk.placed(InviteKind.ROUTE))
    reads = project(story)

    assert [(i.state, i.revision) for n in (1, 2) if (i := reads.invite(talk.name, n))] == [
        (InviteState.NO_AGENT, 2),
        (InviteState.NO_AGENT, 2),
    ]
    assert reads.invite(talk.name, 3) == talk.state.invite
    assert reads.invite(talk.name, 4) is None


def test_such_an_invite_is_found_also_when_its_placing_lies_in_an_earlier_batch(views: Views) -> None:
    story = Story()
    talk = Talk(story, "c1")
    talk.tell(talk.opened(), talk.placed())
    talk.tell(talk.ended(1), talk.placed(InviteKind.ROUTE))
    projector = Projector(views, gather_s=0.0)
    projector.feed(story.projections[:1])
    assert projector.wait_for(1, 10.0)
    projector.feed(story.projections[1:])
    projector.stop()

    ended = Reads(views).invite(talk.name, 1)

    assert ended is not None
    assert ended.state is InviteState.NO_AGENT
    assert Reads(views).violations() == []


@pytest.mark.spec("I3")
def test_what_is_unsettled_is_kept_in_its_order_until_it_is_settled(project: Project) -> None:
    story = Story()
    talk, other = Talk(story, "c1"), Talk(story, "c0", "+50")
    first, second, third = talk.customer_told("one"), talk.customer_told("two"), other.said("three", ANN)
    talk.tell(talk.opened(), first, second)
    other.tell(other.opened(), third)
    talk.tell(talk.settled(2))

    assert list(project(story).unsettled_deliveries()) == [
        DeliveryRow(talk.name, 1, WEB, "+49", first, 1),
        DeliveryRow(other.name, 1, WEB, "+50", third, 2),
    ]


@pytest.mark.spec("R-G8")
def test_a_request_key_leads_to_its_record(project: Project) -> None:
    story = Story()
    talk = Talk(story, "c1")
    talk.tell(talk.opened(), key="web:\x00 \N{SNOWMAN}")
    talk.tell(talk.said("hello"), key="web:\x00")
    reads = project(story)

    keys = ("web:\x00 \N{SNOWMAN}", "web:\x00", "web:", "")
    assert [reads.position_of_key(key) for key in keys] == [1, 2, None, None]
    assert set(reads.keys()) == set(keys[:2])


@pytest.mark.spec("R-G8")
def test_a_request_key_is_forgotten_seven_days_later_and_may_come_again(project: Project) -> None:
    story = Story()
    talk = Talk(story, "c1")
    talk.tell(talk.opened(), key="k1")
    talk.tell(talk.said("hello"), key="k2")
    story.at += 7.9 * 86_400
    talk.tell(talk.said("hello?"))
    story.at += 86_400
    talk.tell(talk.said("hello!"), key="k1")
    reads = project(story)

    assert [reads.position_of_key("k1"), reads.position_of_key("k2")] == [4, None]
    assert reads.violations() == []


def test_a_second_open_conversation_of_a_customer_is_put_aside_and_the_rest_goes_on(views: Views) -> None:
    story = Story()
    first, second = Talk(story, "c1"), Talk(story, "c2")
    first.tell(first.opened(), key="k")
    second.tell(second.opened(), second.said("hello"), key="k")
    alarms: list[Violation] = []
    projector = Projector(views, on_violation=alarms.append)
    projector.feed(story.projections)
    projector.stop()
    reads = Reads(views)

    assert [(v.position, v.relation) for v in alarms] == [(2, "conversations"), (2, "request_keys")]
    assert reads.violations() == alarms
    assert alarms[1].content == "(b'k', 2, 0)"
    assert [row.conversation.id for row in reads.conversations()] == ["c1"]
    assert reads.snapshot(second.address) == (second.state, 2)
    assert [row.event for row in reads.transcript(second.name)] == [second_said(story)]
    assert reads.watermark() == 2


def second_said(story: Story) -> object:
    return story.records[1].facts[1].event


def test_a_closed_conversation_makes_room_for_the_customer_s_next_one_within_a_batch(project: Project) -> None:
    story = Story()
    first, second = Talk(story, "c1"), Talk(story, "c2")
    first.tell(first.opened(), first.said("hi", ANN))
    first.tell(first.closed())
    second.tell(second.opened())
    first.tell(first.settled(1))
    reads = project(story)

    assert [row.conversation.id for row in reads.conversations()] == ["c2", "c1"]
    assert reads.violations() == []


def test_whoever_waits_is_told_of_progress_and_what_was_written_before_is_left_out(views: Views) -> None:
    story = Story()
    talk = a_transfer(story)
    projector = Projector(views, gather_s=3_600.0)
    progressed, watermarks = Event(), list[int]()

    def note(watermark: int) -> None:
        watermarks.append(watermark)
        progressed.set()

    projector.on_progress(note)
    projector.feed(story.projections)
    assert projector.lag == 9
    projector.hurry()
    assert progressed.wait(10.0)
    projector.feed(story.projections)
    projector.stop()

    assert (projector.watermark, projector.lag, watermarks) == (9, 0, [9])
    assert len(Reads(views).transcript(talk.name)) == 3
    with pytest.raises(RuntimeError, match="stopped"):
        projector.feed(story.projections)


def test_waiting_for_a_position_ends_when_it_is_there_or_the_time_is_over(views: Views) -> None:
    story = Story()
    a_transfer(story)
    projector = Projector(views, gather_s=0.0)
    projector.feed(story.projections)

    assert projector.wait_for(9, 10.0)
    assert not projector.wait_for(10, 0.0)
    projector.stop()


def test_a_write_that_fails_is_tried_again_and_nothing_is_lost(views: Views) -> None:
    story = Story()
    talk = a_transfer(story)
    other = sqlite3.connect(views.path, isolation_level=None)
    other.execute("ALTER TABLE transcript RENAME TO elsewhere")
    projector = Projector(views, gather_s=0.0)
    projector.feed(story.projections)
    assert not projector.wait_for(9, 0.1)
    assert (projector.watermark, projector.lag) == (0, 9)
    other.execute("ALTER TABLE elsewhere RENAME TO transcript")
    other.close()

    assert projector.wait_for(9, 10.0)
    projector.stop()
    assert len(Reads(views).transcript(talk.name)) == 3


def test_a_projector_that_cannot_write_can_be_stopped(views: Views) -> None:
    story = Story()
    a_transfer(story)
    views.writer.execute("DROP TABLE transcript")
    projector = Projector(views, gather_s=0.0)
    projector.feed(story.projections)
    projector.stop()

    assert (projector.watermark, Reads(views).watermark()) == (0, 0)


def test_a_record_that_cannot_be_made_into_rows_is_put_aside_and_the_next_one_is_not(views: Views) -> None:
    story = Story()
    talk = Talk(story, "c1")
    talk.tell(talk.opened())
    faulty = changed(talk.said("hello"), text=cast("str", object()))
    talk.tell(faulty)
    talk.tell(talk.said("still there?"))
    projector = Projector(views, gather_s=0.0)
    projector.feed(story.projections)
    projector.stop()
    reads = Reads(views)

    assert [(v.position, v.relation) for v in reads.violations()] == [(2, "records")]
    assert [row.number for row in reads.transcript(talk.name)] == [2]
    assert reads.snapshot(talk.address) == (talk.state, 3)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 5), max_size=5))
def test_how_records_are_gathered_makes_no_difference(cuts: list[int]) -> None:
    story = Story()
    for name, address in (("c1", "+49"), ("c2", "+50")):
        a_transfer(story, name, address)
    found = []
    for sizes in (cuts, [story.position]):
        views = Views.open(None)
        projector = Projector(views, gather_s=0.0)
        rest = list(story.projections)
        for size in sizes:
            batch, rest = rest[:size], rest[size:]
            projector.feed(batch)
            assert projector.wait_for(batch[-1].record.position if batch else 0, 10.0)
        projector.feed(rest)
        projector.stop()
        found.append(contents(views))
        views.close()

    assert found[0] == found[1]


def contents(views: Views) -> dict[str, list[tuple[object, ...]]]:
    reader = views.reader()
    return {table: sorted(reader.execute(f"SELECT * FROM {table}"), key=repr) for table in TABLES}  # noqa: S608


def test_nobody_is_left_in_a_conversation_that_he_left(project: Project) -> None:
    story = Story()
    a_transfer(story)
    reads = project(story)

    assert [len(reads.conversations(agent=agent)) for agent in (ANN, BOB, CAT)] == [0, 1, 1]

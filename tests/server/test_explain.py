"""Explain: who may ask, what an invite's answer holds now and from the journal, and how far the journal is read."""

from pathlib import Path
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration

from hookflash.engine.settings import Limits
from hookflash.sdk.types import AgentId, Role
from hookflash.v1 import agent_pb2, explanation_pb2, offer_pb2, queue_pb2, target_pb2
from tests.server.serving import Refused, Serving, serving


def _told(moment: Any) -> list[tuple[str, str]]:  # noqa: ANN401  a Choice or a Standing
    return [
        (each.agent.removeprefix("agents/"), explanation_pb2.Verdict.Name(each.verdict).removeprefix("VERDICT_"))
        for each in moment.agents
    ]


async def _explained(served: Serving, name: str, **fields: Any) -> Any:  # noqa: ANN401
    return await served.admin.call("AdminService/Explain", invite=f"conversations/{name}/invites/1", **fields)


@pytest.mark.spec("R-E2")
async def test_a_supervisor_is_told_why_bob_was_asked_and_not_ann(served: Serving) -> None:
    await served.site("ann", "bob", "cid")
    supervisor = await served.client(Role.SUPERVISOR, "supervisors/sue")
    bob, cid = await served.agent("bob"), await served.agent("cid")
    async with bob.stream("AgentService/Attach") as desk, cid.stream("AgentService/Attach") as other:
        await desk.until("welcome")
        await other.until("welcome")
        await served.ready(bob)
        await served.ready(cid)
        await served.opened()
        offer = (await desk.until("offer_made")).offer
        answer = await supervisor.call("AdminService/Explain", invite="conversations/42/invites/1")
    assert (answer.invite.name, answer.strategy) == ("conversations/42/invites/1", "longest_available")
    assert not answer.HasField("standing")
    (choice,) = answer.choices
    assert [(each.offer, each.agent, each.outcome) for each in choice.offers] == [
        (offer.name, "agents/bob", offer_pb2.OFFER_OUTCOME_OPEN)
    ]
    assert _told(choice) == [("bob", "ASKED"), ("cid", "CANDIDATE"), ("ann", "UNAVAILABLE")]
    first, second, away = choice.agents
    assert (first.display_name, first.place, first.state) == ("Bob", 1, agent_pb2.AGENT_STATE_READY)
    place = served.engine.shard.facts.agents()[AgentId("cid")].place
    assert (second.place, second.order_key) == (2, f"[1, {served.clock.now()}, {place}]")
    assert (away.state, away.order_key, away.place) == (agent_pb2.AGENT_STATE_LOGGED_OUT, "", 0)


@pytest.mark.spec("R-E2", "R-Q3")
async def test_a_parked_invite_has_its_rank_and_sort_key(served: Serving) -> None:
    steps = [
        queue_pb2.Step(expression="skill >= 5", wait=Duration(seconds=20)),
        queue_pb2.Step(expression="skill >= 1", wait=Duration(seconds=20)),
    ]
    await served.site("ann")
    await served.admin.call(
        "AdminService/Apply",
        attributes=[{"name": "attributes/skill", "kind": "ATTRIBUTE_KIND_PROFICIENCY"}],
        queues=[queue_pb2.Queue(name="queues/billing", priority=3, steps=steps)],
        agents=[agent_pb2.Agent(name="agents/ann", attributes={"skill": 2})],
    )
    await served.opened("first")
    served.clock.advance(5.0)
    await served.opened("urgent", priority=8)
    await served.opened("last")
    standings = [(await _explained(served, name)).standing for name in ("first", "urgent", "last")]
    assert [(each.rank, each.waiting, each.queue_priority, each.priority) for each in standings] == [
        (2, 3, 3, 1), (1, 3, 3, 8), (3, 3, 3, 1)
    ]  # fmt: skip
    assert standings[0].placement < standings[1].placement < standings[2].placement
    assert (standings[0].open_steps, standings[0].steps) == (1, 2)
    assert standings[0].next_step_time.seconds - standings[0].create_time.seconds == 20
    assert _told(standings[0]) == [("ann", "UNAVAILABLE")]


async def test_the_list_is_as_long_as_asked_and_has_those_named(served: Serving) -> None:
    await served.site(*(f"a{number}" for number in range(5)))
    await served.opened()
    whole = (await _explained(served, "42")).standing
    assert (len(whole.agents), whole.agents_left_out) == (5, 0)
    short = (await _explained(served, "42", agents_max=2, agents=["agents/a4"])).standing
    assert ([each.agent for each in short.agents], short.agents_left_out) == (["agents/a0", "agents/a4"], 3)
    stranger = agent_pb2.Agent(name="agents/stranger", queues=["queues/late"])
    await served.admin.call("AdminService/Apply", agents=[stranger], queues=[queue_pb2.Queue(name="queues/late")])
    told = (await _explained(served, "42", agents_max=2, agents=["agents/stranger", "agents/nobody"])).standing
    assert _told(told)[1:] == [("stranger", "NOT_SERVING")]
    assert (len(told.agents), told.agents_left_out) == (2, 4)
    for bad in ({"agents_max": -1}, {"agents": ["bob"]}):
        with pytest.raises(Refused) as refused:
            await _explained(served, "42", **bad)
        assert refused.value.code == "INVALID_ARGUMENT"


async def test_what_is_no_invite_is_not_found(served: Serving) -> None:
    await served.site()
    await served.opened()
    for name, reason in (("conversations/42/invites/9", "INVITE"), ("conversations/43/invites/1", "CONVERSATION")):
        with pytest.raises(Refused) as refused:
            await served.admin.call("AdminService/Explain", invite=name)
        assert refused.value.reason == f"{reason}_NOT_FOUND"


async def test_a_journal_that_is_too_long_leaves_what_stands_now_and_is_a_refusal_for_what_is_over(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path, limits=Limits(explain_records_max=3)) as served:
        await served.site()
        await served.opened()
        now = await _explained(served, "42")
        assert (now.standing.rank, len(now.choices)) == (1, 0)
        assert "raise `explain_records_max`" in now.choices_left_out
        await served.admin.call("ConversationService/CloseConversation", name="conversations/42")
        with pytest.raises(Refused) as refused:
            await _explained(served, "42")
        assert (refused.value.code, refused.value.reason) == ("OUT_OF_RANGE", "JOURNAL_TOO_LONG")


async def test_an_ended_invite_of_an_earlier_time_is_explained_too(served: Serving) -> None:
    await served.site("ann")
    ann = await served.agent("ann")
    async with ann.stream("AgentService/Attach") as desk:
        await desk.until("welcome")
        await served.ready(ann)
        await served.opened()
        offer = (await desk.until("offer_made")).offer
        await ann.call("AgentService/AcceptOffer", name=offer.name)
        target = target_pb2.Target(queue="queues/billing")
        await ann.call("ConversationService/Transfer", name="conversations/42", target=target, note="between us")
        answer = await _explained(served, "42")
    (choice,) = answer.choices
    assert choice.offers[0].outcome == offer_pb2.OFFER_OUTCOME_ACCEPTED
    assert _told(choice) == [("ann", "ASKED")]
    again = await served.admin.call("AdminService/Explain", invite="conversations/42/invites/2")
    assert _told(again.standing) == [("ann", "REQUESTER")]
    assert b"between us" not in again.SerializeToString()

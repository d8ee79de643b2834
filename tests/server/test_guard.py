"""What stands around every method: limits, deadlines, faults, and what a caller hears of them."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from grpc_health.v1 import health_pb2, health_pb2_grpc  # type: ignore[import-untyped]
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc  # type: ignore[import-untyped]
from structlog.testing import capture_logs

from hookflash.engine.domain.refusals import RateLimited
from hookflash.engine.server.admission import Rates
from hookflash.engine.server.app import StartError, options_of
from hookflash.engine.server.caller import Caller
from hookflash.engine.server.listener import FrontListener
from hookflash.engine.server.queues import QueueServicer
from hookflash.engine.server.tokens import Tokens
from hookflash.engine.settings import Limits
from hookflash.sdk.types import Principal, Role
from hookflash.v1 import queue_service_pb2
from tests.server.serving import Client, Refused, Serving, serving

SECRET = "the customer's card is 4929"  # noqa: S105  what must not come out


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    async def fail(_self: QueueServicer, _request: object, _caller: Caller) -> queue_service_pb2.ListQueuesResponse:
        raise error

    monkeypatch.setattr(QueueServicer, "ListQueues", fail)


@pytest.mark.spec("I14")
async def test_an_unexpected_fault_reaches_the_caller_as_an_id_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    failing(monkeypatch, ValueError(SECRET))
    async with serving(tmp_path) as served:
        with capture_logs() as logs, pytest.raises(Refused) as refused:
            await served.admin.call("QueueService/ListQueues")
    assert (refused.value.code, refused.value.reason) == ("INTERNAL", "INTERNAL")
    error_id = refused.value.info.metadata["error_id"]
    assert error_id in refused.value.sentence
    assert SECRET not in refused.value.sentence
    defects = [log for log in logs if log["event"] == "defect"]
    assert [log["error_id"] for log in defects] == [error_id]
    assert SECRET not in str(logs)


async def test_a_caller_who_is_gone_before_he_is_told_is_no_defect(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What gRPC raises when its connection takes nothing more; here the caller is there, to see that it ends."""
    failing(monkeypatch, grpc.aio.InternalError("the stream is closed"))
    async with serving(tmp_path) as served:
        with capture_logs() as logs:
            await served.admin.call("QueueService/ListQueues")
        assert served.server.metrics.registry.get_sample_value("hookflash_internal_errors_total") == 0
    assert not [log for log in logs if log["event"] == "defect"]


@pytest.mark.spec("I14")
async def test_a_cancellation_of_our_own_does_not_leave_the_caller_waiting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    failing(monkeypatch, asyncio.CancelledError())
    async with serving(tmp_path) as served:
        with pytest.raises(Refused) as refused:
            await served.admin.call("QueueService/ListQueues", timeout_s=5.0)
    assert refused.value.reason == "INTERNAL"


@pytest.mark.spec("I14")
async def test_a_bad_field_comes_with_its_name(served: Serving) -> None:
    with pytest.raises(Refused) as refused:
        await served.admin.call("QueueService/GetQueue", name="queues/Not An Id")
    assert (refused.value.code, refused.value.reason) == ("INVALID_ARGUMENT", "BAD_ID")
    assert refused.value.info.domain == "hookflash.v1"
    assert refused.value.bad_request is not None
    assert [violation.field for violation in refused.value.bad_request.field_violations] == ["name"]


async def test_a_message_of_more_than_the_limit_is_refused_unread(served: Serving) -> None:
    with pytest.raises(Refused) as refused:
        await served.admin.call(
            "ConversationService/SendMessage", name="conversations/42", agent="agents/ann", text="x" * 2_000_000
        )
    assert refused.value.code == "RESOURCE_EXHAUSTED"


async def test_an_agent_who_sends_commands_too_fast_is_told_when_to_go_on(tmp_path: Path) -> None:
    limits = Limits(agent_commands_per_s_max=1, command_burst_max=3)
    async with serving(tmp_path, limits=limits) as served:
        ann = await served.agent("ann")
        reasons = []
        for _ in range(5):
            with pytest.raises(Refused) as refused:
                await ann.call("ConversationService/SendMessage")
            reasons.append(refused.value.reason)
    assert reasons == ["BAD_FIELD"] * 3 + ["RATE_LIMITED"] * 2
    assert refused.value.retry is not None
    assert 0 < refused.value.retry.retry_delay.ToTimedelta().total_seconds() <= 1.0


def test_a_rate_fills_up_again_with_time() -> None:
    now = 0.0
    rates = Rates(per_s=2, burst=2, now=lambda: now)
    rates.take("ann")
    rates.take("ann")
    rates.take("bob")
    with pytest.raises(RateLimited) as refused:
        rates.take("ann")
    assert refused.value.retry_after_s == 0.5
    now = 0.5
    rates.take("ann")


async def test_a_principal_has_so_many_streams_and_gets_one_back_when_one_ends(tmp_path: Path) -> None:
    async with serving(tmp_path, limits=Limits(streams_per_principal_max=1)) as served:
        viewer = await served.client(Role.VIEWER, "viewers/vi")
        async with viewer.stream("QueueService/WatchQueues") as first:
            await first.next()
            async with viewer.stream("QueueService/WatchQueues") as second:
                with pytest.raises(Refused) as refused:
                    await second.next()
            assert (refused.value.code, refused.value.reason) == ("RESOURCE_EXHAUSTED", "RATE_LIMITED")
        async with viewer.stream("QueueService/WatchQueues") as third:
            assert await third.next() is not None


async def test_so_many_calls_are_at_work_at_once_and_a_call_that_waits_is_not_at_work(tmp_path: Path) -> None:
    async with serving(tmp_path, limits=Limits(unary_calls_max=1)) as served:
        await served.site()
        await served.opened()
        wait = Duration(seconds=30)
        waiting = asyncio.ensure_future(
            served.admin.call("ConversationService/GetInvite", name="conversations/42/invites/1", wait=wait)
        )
        while served.server._admission._unary or not served.server._admission._streams:  # noqa: SLF001, ASYNC110
            await asyncio.sleep(0)
        await served.admin.call("ConversationService/CancelInvite", name="conversations/42/invites/1")
        assert (await waiting).state != 0


async def test_a_call_whose_deadline_has_passed_when_it_is_taken_up_is_dropped(
    served: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    await served.site()
    authenticate = Tokens.authenticate

    def late(tokens: Tokens, token: str, now: float) -> tuple[str, Principal]:
        time.sleep(0.1)  # The loop is busy, so the call is taken up after its deadline.
        return authenticate(tokens, token, now)

    monkeypatch.setattr(Tokens, "authenticate", late)
    with pytest.raises(Refused) as refused:
        await served.opened("late", timeout_s=0.05)
    assert refused.value.code == "DEADLINE_EXCEEDED"
    monkeypatch.undo()
    with pytest.raises(Refused) as refused:
        await served.admin.call("ConversationService/GetConversation", name="conversations/late")
    assert refused.value.reason == "CONVERSATION_NOT_FOUND"


async def test_health_and_reflection_answer_without_a_token_on_this_machine(served: Serving) -> None:
    answer = await health_pb2_grpc.HealthStub(served.channel).Check(health_pb2.HealthCheckRequest(service=""))
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    stub = reflection_pb2_grpc.ServerReflectionStub(served.channel)
    call = stub.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(list_services="")]))
    services = [service.name async for answer in call for service in answer.list_services_response.service]
    assert "hookflash.v1.ConversationService" in services


async def test_draining_ends_streams_with_goodbye_then_refuses_and_lets_the_server_stop_at_once(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        await served.site("ann")
        ann = await served.agent("ann")
        async with ann.stream("AgentService/Attach") as desk, served.admin.stream("EventService/Watch") as watch:
            await desk.until("welcome")
            await watch.next()
            await served.admin.call("AdminService/Drain")
            assert (await desk.until("goodbye")).reason == "DRAINING"
            with pytest.raises(Refused) as refused:
                await desk.next()
            assert (refused.value.code, refused.value.reason) == ("UNAVAILABLE", "DRAINING")
            await asyncio.wait_for(served.server.drained.wait(), 2.0)
        person = served.engine.shard.facts.agents()["ann"]  # type: ignore[index]
        assert person.stream is not None, "the next start gives him his full grace"


async def test_a_second_server_on_the_same_port_is_told_so(served: Serving) -> None:
    settings, second = replace(served.engine.settings, listen=served.address), FrontListener(options_of(Limits()))
    with pytest.raises(StartError, match="another program has it"):
        await second.start(settings, {})
    with pytest.raises(StartError, match="--insecure-i-know"):
        await second.start(replace(settings, listen="0.0.0.0:0"), {})


async def test_calls_are_counted_by_method_and_reason(served: Serving) -> None:
    await served.admin.call("QueueService/ListQueues")
    count = served.server.metrics.registry.get_sample_value(
        "hookflash_calls_total", {"method": "QueueService/ListQueues", "reason": "OK"}
    )
    assert count == 1.0


async def test_streams_that_are_open_are_counted_however_they_end(served: Serving) -> None:
    await served.site("ann")
    ann = await served.agent("ann")
    labels = {"method": "AgentService/Attach"}

    def open_streams() -> float | None:
        return served.server.metrics.registry.get_sample_value("hookflash_streams", labels)

    async def until(count: int) -> None:
        async with asyncio.timeout(10):
            while open_streams() != count:  # noqa: ASYNC110  the server hears of an end in a moment
                await asyncio.sleep(0.001)

    async with ann.stream("AgentService/Attach") as first:
        await first.until("welcome")
        assert open_streams() == 1
        async with ann.stream("AgentService/Attach") as second:
            await second.until("welcome")
            with pytest.raises(Refused, match="has taken over"):  # Taken over: it ends with an error of the server's.
                await first.until("offer_made")
            await until(1)
    stranger = Client(served.channel, "")
    async with stranger.stream("AgentService/Attach") as refused:
        with pytest.raises(Refused):
            await refused.next()
    await until(0)

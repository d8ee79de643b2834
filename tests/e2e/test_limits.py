"""A real server under more than it takes: refused with a delay, ended with a place to go on from, drained in order."""

import signal
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from time import monotonic

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc  # type: ignore[import-untyped]

from hookflash.v1 import agent_pb2, target_pb2
from tests.e2e.calling import TIMEOUT_S, Caller, Refused, Site, site_on
from tests.e2e.server_process import running

LONG = "x" * 4_000


@pytest.fixture(scope="module")
def tight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with small limits."""
    settings = {
        "unary_calls_max": "2",
        "streams_per_principal_max": "2",
        "stream_buffer_events_max": "5",
        "agent_commands_per_s_max": "1",
        "command_burst_max": "3",
    }
    with running(tmp_path_factory.mktemp("tight") / "data", settings=settings) as server, site_on(server) as made:
        yield made


def _assert_may_be_repeated(refused: Refused, reason: str) -> None:
    assert (refused.code, refused.reason) == ("RESOURCE_EXHAUSTED", reason), refused.sentence
    assert refused.retry is not None
    assert refused.retry.retry_delay.seconds + refused.retry.retry_delay.nanos / 1e9 > 0
    assert refused.retry.retry_delay.seconds < 10


def _unread(site: Site, caller: Caller) -> Caller:
    """The same caller over a connection that takes in no more than it was asked to read, or little more."""
    options = (("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 16 * 1024))
    channel = grpc.insecure_channel(site.server.address, options=options)
    site.channels.append(channel)
    return Caller(channel, caller.token)


def _talk(site: Site, name: str, agent: str) -> None:
    """Say 400 long texts as that agent; his rate does not count, since an ADMIN calls."""
    for number in range(400):
        site.admin.call("ConversationService/SendMessage", name=name, agent=f"agents/{agent}", text=f"{number} {LONG}")


@pytest.mark.spec("I16")
def test_more_calls_at_once_than_allowed_are_refused_before_anything_is_recorded(tight: Site) -> None:
    service = tight.made("SERVICE", "services/load")
    before = tight.position
    calls = [
        service.begun(
            "ConversationService/CreateConversation",
            conversation_id=f"load-{number}",
            channel="channels/web",
            address=f"load {number}",
        )
        for number in range(200)
    ]
    outcomes: Counter[str] = Counter()
    for call in calls:
        try:
            call.result()
            outcomes["OK"] += 1
        except grpc.RpcError as error:
            refused = Refused(error)  # type: ignore[arg-type]  # both kinds of gRPC's errors are alike
            _assert_may_be_repeated(refused, "MAILBOX_FULL")
            outcomes[refused.reason] += 1
    assert outcomes["OK"] >= 2
    assert outcomes["MAILBOX_FULL"] >= 1
    assert tight.position == before + outcomes["OK"], "each that was answered has one record, the others none"


@pytest.mark.spec("I16")
def test_more_streams_than_a_principal_may_hold_are_refused_until_one_ends(tight: Site) -> None:
    supervisor = tight.made("SUPERVISOR", "supervisors/streams")
    with supervisor.stream("QueueService/WatchQueues") as first:
        first.next()
        with supervisor.stream("EventService/Watch") as second:
            second.next()
            _assert_may_be_repeated(supervisor.stream_refusal("QueueService/WatchQueues"), "RATE_LIMITED")
            other = tight.made("SUPERVISOR", "supervisors/other")
            with other.stream("QueueService/WatchQueues") as others:
                assert others.next().queues
            assert supervisor.call("QueueService/ListQueues").queues, "streams leave room for calls"
        _until_open(supervisor)


def _until_open(caller: Caller) -> None:
    """Open a stream, as soon as the server has seen that another one ended."""
    deadline = monotonic() + TIMEOUT_S
    while True:
        with caller.stream("QueueService/WatchQueues") as stream:
            try:
                stream.next()
            except Refused as refused:
                if refused.reason != "RATE_LIMITED" or monotonic() > deadline:
                    raise
            else:
                return


@pytest.mark.spec("I16")
def test_a_stream_that_is_not_read_is_ended_with_the_position_to_go_on_from(tight: Site) -> None:
    """What was sent before and what comes after that position are everything, once."""
    tight.attach("ann")
    tight.attended("slow-desk", "ann")
    supervisor = tight.made("SUPERVISOR", "supervisors/slow")
    stream = _unread(tight, supervisor).open_stream("EventService/Watch", after_position=tight.position)
    begun = tight.position
    _talk(tight, "conversations/slow-desk", "ann")
    reached, seen = begun, []
    try:
        for answer in stream:
            seen += [(event.position, event.index) for event in answer.events]
            reached = answer.position
        pytest.fail("the stream ended as if nothing had been left out")
    except grpc.RpcError as error:
        refused = Refused(error)  # type: ignore[arg-type]  # both kinds of gRPC's errors are alike
    assert (refused.code, refused.reason) == ("RESOURCE_EXHAUSTED", "SLOW_CONSUMER")
    assert refused.info.metadata["position"] == str(reached)
    end = tight.position
    with supervisor.stream("EventService/Watch", after_position=reached) as resumed:
        while reached < end:
            answer = resumed.next()
            seen += [(event.position, event.index) for event in answer.events]
            reached = answer.position
    assert seen == sorted(set(seen)), "without a repeat"
    assert {position for position, _ in seen} >= set(range(begun + 1, end + 1)), "without a gap"


@pytest.mark.spec("I16")
def test_a_desk_that_is_not_read_is_ended_and_everybody_elses_goes_on(tight: Site) -> None:
    slow = _unread(tight, tight.made("AGENT", "agents/dora")).open_stream("AgentService/Attach")
    next(slow)
    tight.admin.call("AgentService/SetAgentState", agent="agents/dora", state=agent_pb2.READINESS_READY)
    tight.attach("eve")
    fast = tight.attended("two-desks", "eve")
    tight.admin.call(
        "ConversationService/Conference",
        name=fast.name,
        agent="agents/eve",
        target=target_pb2.Target(agent="agents/dora"),
    )
    offer = next(update for update in slow if update.WhichOneof("update") == "offer_made").offer_made.offer
    tight.admin.call("AgentService/AcceptOffer", name=offer.name)
    _talk(tight, fast.name, "eve")
    try:
        for _ in slow:
            pass
        pytest.fail("the stream ended as if nothing had been left out")
    except grpc.RpcError as error:
        refused = Refused(error)  # type: ignore[arg-type]  # both kinds of gRPC's errors are alike
    assert refused.reason == "SLOW_CONSUMER"
    with tight.agent("dora").stream("AgentService/Attach") as again:
        welcome = again.next().welcome
        assert [conversation.name for conversation in welcome.conversations] == [fast.name]
    heard: list[str] = []
    while len(heard) < 400:
        entry = tight.desks["eve"].until("timeline_update").entry
        if entry.WhichOneof("entry") == "message":
            heard.append(entry.message.text)
    assert heard == [f"{number} {LONG}" for number in range(400)]


@pytest.mark.spec("I16")
def test_an_agents_commands_are_limited_in_their_rate_and_nothing_else_is(tight: Site) -> None:
    ben = tight.made("AGENT", "agents/ben")
    outcomes = []
    for _ in range(6):
        outcomes.append(ben.refusal("AgentService/SetAgentState", state=agent_pb2.READINESS_READY))
        if outcomes[-1].reason == "RATE_LIMITED":
            break
    assert {refused.reason for refused in outcomes[:-1]} == {"AGENT_LOGGED_OUT"}
    assert 3 <= len(outcomes[:-1]) <= 5
    _assert_may_be_repeated(outcomes[-1], "RATE_LIMITED")
    for _ in range(10):
        assert ben.call("QueueService/ListQueues").queues
        assert tight.admin.refusal("AgentService/SetAgentState", agent="agents/ben").reason == "BAD_FIELD"
    other = tight.made("AGENT", "agents/carl").refusal("AgentService/SetAgentState", state=agent_pb2.READINESS_READY)
    assert other.reason == "AGENT_LOGGED_OUT", "another agent has a rate of his own"


@pytest.mark.spec("R-L6")
@pytest.mark.parametrize("how", ["SIGTERM", "Drain"])
def test_the_end_is_told_to_every_stream_and_the_process_ends_well(tmp_path: Path, how: str) -> None:
    with running(tmp_path / "data") as server, site_on(server) as site:
        desk = site.attach("ann")
        site.attended("talk", "ann")
        site.opened("waiting", target=target_pb2.Target(queue="queues/empty"))
        watched = site.admin.open_stream("EventService/Watch", from_start=True)
        next(watched)
        deliveries = site.admin.open_stream("ChannelService/Deliveries", channel="channels/web")
        next(deliveries)
        board = site.admin.open_stream("QueueService/WatchQueues")
        next(board)
        poll = site.admin.begun(
            "ConversationService/GetInvite", name="conversations/waiting/invites/1", wait={"seconds": 30}
        )
        health = health_pb2_grpc.HealthStub(site.admin.channel).Watch(health_pb2.HealthCheckRequest())
        assert next(health).status == health_pb2.HealthCheckResponse.SERVING
        begun = monotonic()
        if how == "SIGTERM":
            server.process.send_signal(signal.SIGTERM)
        else:
            site.admin.call("AdminService/Drain")
        assert next(health).status == health_pb2.HealthCheckResponse.NOT_SERVING
        goodbye = desk.until("goodbye")
        assert goodbye.reason
        assert goodbye.retry_delay.seconds >= 1
        assert desk.ended() is not None
        for stream in (desk.opened, watched, deliveries, board):
            with pytest.raises(grpc.RpcError) as ended:
                for _ in stream:
                    pass
            refused = Refused(ended.value)  # type: ignore[arg-type]  # both kinds of gRPC's errors are alike
            assert (refused.code, refused.reason) == ("UNAVAILABLE", "DRAINING")
            assert refused.retry is not None
        assert poll.result().name == "conversations/waiting/invites/1", "a long poll is answered with what there is"
        assert site.admin.refusal("QueueService/ListQueues").code == "UNAVAILABLE"
        assert server.until_ended() == 0
        assert monotonic() - begun < 5, "nobody was waited for"
        assert "Traceback" not in server.stderr


@pytest.mark.slow
def test_a_stop_and_a_start_lose_nothing_and_leave_a_desk_its_grace(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server, site_on(server) as site:
        site.attach("ann")
        site.attended("talk", "ann")
        before = list(chain(site.admin.call("ConversationService/ListTimeline", name="conversations/talk").entries))
        token = site.agent("ann").token
        assert server.terminate() == 0
    with running(tmp_path / "data") as server, grpc.insecure_channel(server.address) as channel:
        ann = Caller(channel, token)
        with ann.stream("AgentService/Attach") as stream:
            welcome = stream.next().welcome
            assert [conversation.name for conversation in welcome.conversations] == ["conversations/talk"]
            assert welcome.agent.ready
        admin = Caller(channel, server.admin_token)
        after = list(admin.call("ConversationService/ListTimeline", name="conversations/talk").entries)
        assert after == before

"""Who may do what on a real server, what a token is worth, and what is to be found where nobody should look."""
# ruff: noqa: ANN401  each method has fields of its own

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor
from grpc_health.v1 import health_pb2, health_pb2_grpc  # type: ignore[import-untyped]
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc  # type: ignore[import-untyped]

from hookflash.v1 import options_pb2, target_pb2
from tests.e2e.calling import Caller, Refused, Site, seconds, site_on
from tests.e2e.server_process import running
from tests.server.serving import SERVICES

METHODS: Final[Mapping[str, MethodDescriptor]] = {
    f"{name}/{method.name}": method
    for name, module in SERVICES.items()
    for method in module.DESCRIPTOR.services_by_name[name].methods
}
ROLES: Final = ("VIEWER", "AGENT", "SUPERVISOR", "SERVICE", "ADAPTER", "ADMIN")
GARBAGE_TOKEN: Final = "hf_0123456789abcdef_" + "x" * 43
CANARY: Final = "canary-9f3a71c4"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose server logs all that it ever would."""
    settings = {"log_level": "debug", "metrics_listen": "127.0.0.1:0"}
    with running(tmp_path_factory.mktemp("security") / "data", settings=settings) as server, site_on(server) as made:
        for name in ("ann", "ben"):
            made.attach(name)
        made.attended("alone", "ann")
        yield made


@pytest.fixture(scope="module")
def callers(site: Site) -> Mapping[str, Caller]:
    return {
        "VIEWER": site.made("VIEWER", "viewers/wall"),
        "AGENT": site.made("AGENT", "agents/eve"),
        "SUPERVISOR": site.made("SUPERVISOR", "supervisors/sue"),
        "SERVICE": site.made("SERVICE", "services/crm"),
        "ADAPTER": site.made("ADAPTER", "channels/web", channel="channels/web"),
        "ADMIN": site.admin,
    }


def _outcome(caller: Caller, path: str, **fields: Any) -> str:
    """The reason of a refusal; empty where the call was answered."""
    try:
        if METHODS[path].server_streaming:
            with caller.stream(path, **fields) as stream:
                stream.next()
        else:
            caller.call(path, **fields)
    except Refused as refused:
        return refused.reason or f"{refused.code} without a reason"
    return ""


def _wait_until_detached(site: Site, after: int) -> None:
    """Wait for what is recorded when an agent's stream has ended, a moment later."""
    with site.admin.stream("EventService/Watch", after_position=after, filter="type = AgentDetached") as watched:
        while not watched.next().events:
            pass


# --- every method and every role


@pytest.mark.spec("R-G12", "I14")
@pytest.mark.parametrize("path", sorted(METHODS))
def test_a_method_is_open_to_the_roles_that_it_declares_and_to_nobody_else(
    site: Site, callers: Mapping[str, Caller], path: str
) -> None:
    allowed = METHODS[path].GetOptions().Extensions[options_pb2.allow].roles
    names = {options_pb2.Role.Name(role).removeprefix("ROLE_") for role in allowed}
    assert names
    before = site.position
    assert _outcome(site.caller(), path) == "NOT_AUTHENTICATED"
    assert _outcome(site.caller(GARBAGE_TOKEN), path) == "NOT_AUTHENTICATED"
    for role in ROLES:
        if role not in names:
            assert _outcome(callers[role], path) == "ROLE_NOT_ALLOWED", role
    assert site.position == before
    for role in names:
        if path != "AdminService/Drain":  # That would end this server; test_limits.py does it to its own.
            reached = site.position
            reason = _outcome(callers[role], path)
            if path == "AgentService/Attach" and not reason:
                _wait_until_detached(site, reached)
            assert reason not in {"ROLE_NOT_ALLOWED", "NOT_AUTHENTICATED", "INTERNAL"}, (role, reason)
            assert "without a reason" not in reason, (role, reason)


# --- who is who


@pytest.mark.spec("R-G12", "A-28")
@pytest.mark.parametrize(
    "path",
    [
        path
        for path, method in sorted(METHODS.items())
        if "agent" in method.input_type.fields_by_name
        and options_pb2.ROLE_AGENT in method.GetOptions().Extensions[options_pb2.allow].roles
    ],
)
def test_an_agent_never_acts_or_looks_as_another_and_a_narrowed_service_only_as_its_own(site: Site, path: str) -> None:
    assert _outcome(site.agent("ben"), path, agent="agents/ann") == "IDENTITY_MISMATCH"
    narrowed = site.made("SERVICE", "services/desk", agents=["agents/carl"])
    assert _outcome(narrowed, path, agent="agents/ann") == "IDENTITY_MISMATCH"
    assert _outcome(narrowed, path, agent="agents/carl") != "IDENTITY_MISMATCH"


@pytest.mark.spec("R-G12", "A-28")
def test_only_the_offered_agent_or_a_service_that_may_act_for_him_answers_an_offer(site: Site) -> None:
    site.opened("for-ben", target=target_pb2.Target(agent="agents/ben"))
    offer = site.desks["ben"].until("offer_made").offer
    strangers = (site.agent("ann"), site.made("SERVICE", "services/desk", agents=["agents/ann"]))
    before = site.position
    for stranger in strangers:
        for method in ("AcceptOffer", "DeclineOffer"):
            assert stranger.refusal(f"AgentService/{method}", name=offer.name).reason == "IDENTITY_MISMATCH"
    assert site.position == before
    own = site.made("SERVICE", "services/desk", agents=["agents/ben"])
    assert own.call("AgentService/AcceptOffer", name=offer.name).name == "conversations/for-ben"


@pytest.mark.spec("R-G12", "R-W3")
def test_an_adapter_is_bound_to_its_channel(site: Site, callers: Mapping[str, Caller]) -> None:
    site.admin.call("AdminService/Apply", channels=[{"name": "channels/fax", "is_external": True}])
    site.opened("faxed", channel="fax")
    adapter = callers["ADAPTER"]
    before = site.position
    for path, fields in (
        ("ChannelService/Receive", {"channel": "channels/fax", "address": "a", "external_id": "1", "text": "x"}),
        ("ChannelService/Deliveries", {"channel": "channels/fax"}),
        ("ConversationService/CreateConversation", {"channel": "channels/fax", "address": "a"}),
        ("ConversationService/GetTranscript", {"name": "conversations/faxed"}),
    ):
        assert _outcome(adapter, path, **fields) == "ROLE_NOT_ALLOWED", path
    assert site.position == before
    assert _outcome(adapter, "ConversationService/GetTranscript", name="conversations/alone") == ""


# --- tokens


def _headers(site: Site) -> Mapping[str, str | None]:
    good = site.made("VIEWER", "viewers/one").token
    prefix, identifier, secret = good.split("_", 2)
    other = site.made("VIEWER", "viewers/two").token.split("_", 2)[2]
    revoked = site.made("VIEWER", "viewers/gone").token
    expired = site.made("VIEWER", "viewers/old", ttl=seconds(0, 1_000)).token
    site.admin.call("AdminService/RevokeToken", name=f"tokens/{revoked.split('_')[1]}")
    return {
        "none": None,
        "empty": "",
        "a scheme alone": "Bearer",
        "a scheme and a blank": "Bearer ",
        "no scheme": good,
        "another scheme": f"Basic {good}",
        "two schemes": f"Bearer Bearer {good}",
        "two blanks": f"Bearer  {good}",
        "cut short": f"Bearer {good[:-1]}",
        "one sign more": f"Bearer {good}x",
        "one sign changed": f"Bearer {good[:-1]}{'a' if good[-1] != 'a' else 'b'}",
        "in capitals": f"Bearer {good.upper()}",
        "another prefix": f"Bearer xx_{identifier}_{secret}",
        "no prefix": f"Bearer {identifier}_{secret}",
        "an unknown id": f"Bearer {prefix}_{'0' * 16}_{secret}",
        "another's secret": f"Bearer {prefix}_{identifier}_{other}",
        "no secret": f"Bearer {prefix}_{identifier}_",
        "its id alone": f"Bearer {identifier}",
        "very long": f"Bearer {prefix}_{identifier}_{secret * 60}",
        "an id with a path": f"Bearer {prefix}_../{identifier}_{secret}",
        "a name that is known": "Bearer admins/first",
        "a JWT without algorithm": "Bearer eyJhbGciOiJub25lIn0.eyJyb2xlIjoiQURNSU4ifQ.",
        "two of them": f"Bearer {good},{good}",
        "revoked": f"Bearer {revoked}",
        "expired": f"Bearer {expired}",
    }


@pytest.mark.spec("R-G12")
def test_twenty_five_bad_tokens_are_refused_alike_and_nothing_is_said_of_why(site: Site) -> None:
    headers = _headers(site)
    before = site.position
    refusals = {}
    for name, header in headers.items():
        caller = site.caller(headers=() if header is None else [("authorization", header)])
        refusals[name] = caller.refusal("QueueService/ListQueues")
    assert {(r.code, r.reason, r.sentence, r.info.domain) for r in refusals.values()} == {
        (
            "UNAUTHENTICATED",
            "NOT_AUTHENTICATED",
            "No valid token came with the call; send `authorization: Bearer TOKEN` with one that is not expired.",
            "hookflash.v1",
        )
    }
    assert site.position == before


def test_a_token_is_shown_once_and_works_until_it_is_revoked(site: Site) -> None:
    request: dict[str, Any] = {"subject": "viewers/once", "role": options_pb2.ROLE_VIEWER, "request_id": "make-once"}
    made = site.admin.call("AdminService/CreateToken", **request)
    again = site.admin.call("AdminService/CreateToken", **request)
    assert (again.name, again.token) == (made.name, "")
    listed = site.admin.call("AdminService/ListTokens", page_size=1_000)
    assert made.token not in str(listed)
    viewer = site.caller(made.token)
    assert viewer.call("QueueService/ListQueues").queues
    site.admin.call("AdminService/RevokeToken", name=made.name)
    assert viewer.refusal("QueueService/ListQueues").reason == "NOT_AUTHENTICATED"


# --- what was said


@pytest.fixture(scope="module")
def told(site: Site) -> Site:
    """A conversation in which a message, a whisper and a note hold a canary each, and so do a name and an address."""
    site.admin.call(
        "ConversationService/CreateConversation",
        conversation_id="told",
        channel="channels/web",
        address=f"address {CANARY}",
        customer={"display_name": f"Zoe {CANARY}", "profile": {"vip": f"profile {CANARY}"}},
        target=target_pb2.Target(agent="agents/ann"),
    )
    site.accepted("ann")
    ann, name = site.agent("ann"), "conversations/told"
    ann.call("ConversationService/Conference", name=name, target=target_pb2.Target(agent="agents/ben"), note=CANARY)
    site.accepted("ben")
    ann.call("ConversationService/SendMessage", name=name, text=f"hello {CANARY}")
    ann.call("ConversationService/Whisper", name=name, text=f"psst {CANARY}")
    ann.call("ConversationService/Transfer", name=name, target=target_pb2.Target(queue="queues/empty"), note=CANARY)
    ann.refusal("ConversationService/SendMessage", name=f"conversations/{CANARY} ", text=CANARY)
    ann.refusal("ConversationService/SendMessage", name=name, text=CANARY * 1_000)
    site.agent("eve").refusal("ConversationService/Whisper", name=name, text=CANARY)
    site.admin.refusal("AdminService/Apply", channels=[{"name": "channels/x", "queue": CANARY}])
    return site


@pytest.mark.spec("R-G12", "R-W3", "I7")
@pytest.mark.usefixtures("told")
def test_a_viewer_reads_that_something_was_said_and_never_what(callers: Mapping[str, Caller]) -> None:
    viewer, name = callers["VIEWER"], "conversations/told"
    answers = [
        viewer.call("ConversationService/ListTimeline", name=name, page_size=1_000),
        viewer.call("ConversationService/GetInvite", name=f"{name}/invites/2"),
        viewer.call("ConversationService/GetInvite", name=f"{name}/invites/3"),
        viewer.call("EventService/ListEvents", page_size=1_000, filter=f"subject = {name}"),
    ]
    with viewer.stream("EventService/Watch", from_start=True, filter=f"subject = {name}") as watched:
        answers.append(watched.next())
    for answer in answers:
        for text in (f"hello {CANARY}", f"psst {CANARY}", f'note: "{CANARY}"', f'string_value: "{CANARY}"'):
            assert text not in str(answer)
    assert len(answers[0].entries) > 3
    heard = callers["SUPERVISOR"].call("ConversationService/ListTimeline", name=name, page_size=1_000)
    assert f"psst {CANARY}" in str(heard), "the canary was really there"


@pytest.mark.spec("R-W3", "I7")
@pytest.mark.usefixtures("told")
def test_the_customers_side_never_reads_a_whisper_or_a_note(callers: Mapping[str, Caller]) -> None:
    transcript = callers["ADAPTER"].call("ConversationService/GetTranscript", name="conversations/told")
    assert f"hello {CANARY}" in str(transcript)
    assert "psst" not in str(transcript)
    with callers["ADAPTER"].stream("ChannelService/Deliveries", channel="channels/web") as deliveries:
        for _ in range(4):
            assert "psst" not in str(deliveries.next())


def test_neither_log_nor_audit_nor_metrics_hold_a_secret_or_what_somebody_said(told: Site) -> None:
    log, data = told.server.stderr, told.server.data
    assert "refused" in log, "the log is at its loudest"
    audit = (data / "audit.log").read_text(encoding="utf-8")
    assert audit
    secrets = [told.server.admin_token, *(desk.caller.token for desk in told.desks.values())]
    for text in (log, audit):
        assert CANARY not in text
        for secret in secrets:
            assert secret.split("_", 2)[2] not in text
    for path in data.iterdir():
        if path.name != "admin.token":
            content = path.read_bytes()
            assert not any(secret.split("_", 2)[2].encode() in content for secret in secrets), path


@pytest.mark.spec("A-28")
def test_refused_logins_denied_calls_and_texts_that_an_admin_read_are_in_the_audit_log(told: Site) -> None:
    told.caller(GARBAGE_TOKEN).refusal("QueueService/ListQueues")
    told.agent("eve").refusal("ConversationService/Leave", name="conversations/told")
    told.admin.call("ConversationService/ListTimeline", name="conversations/told")
    path = told.server.data / "audit.log"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    found = {(line["kind"], line.get("principal"), line["method"]) for line in lines}
    assert ("UNAUTHENTICATED", "", "QueueService/ListQueues") in found
    assert ("PERMISSION_DENIED", "AGENT:agents/eve", "ConversationService/Leave") in found, found
    assert ("TEXTS_READ", "ADMIN:admins/first", "ListTimeline") in found


# --- the machine


def test_everything_in_the_data_directory_is_for_its_owner_alone(site: Site) -> None:
    data = site.server.data
    assert data.stat().st_mode & 0o777 == 0o700
    rights = {path.name: path.stat().st_mode & 0o777 for path in data.iterdir()}
    assert {"admin.token", "audit.log", "journal.sqlite", "journal.sqlite-wal", "views.sqlite"} <= rights.keys()
    assert {name: f"{mode:o}" for name, mode in rights.items() if mode != 0o600} == {}
    token = (data / "admin.token").read_text()
    assert re.fullmatch(r"hf_[0-9a-f]{16}_[A-Za-z0-9_-]{43}", token), "the token and nothing else"


def test_health_and_reflection_answer_without_a_token_on_loopback(site: Site) -> None:
    with grpc.insecure_channel(site.server.address) as channel:
        answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        (found,) = stub.ServerReflectionInfo(iter([request]), timeout=5)
        names = {service.name for service in found.list_services_response.service}
        assert {f"hookflash.v1.{service}" for service in SERVICES} <= names


def test_a_token_says_nothing_in_the_process_table(site: Site) -> None:
    command = Path(f"/proc/{site.server.pid}/cmdline")
    if not command.exists():
        pytest.skip("this system has no /proc")
    assert b"hf_" not in command.read_bytes()

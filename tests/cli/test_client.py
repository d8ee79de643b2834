"""The client's own mechanics: ids, deadlines, retries and errors. What the engine answers is tested elsewhere."""

import importlib
import pkgutil
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from google.protobuf.message import Message

import hookflash.v1
from hookflash.sdk import client as client_package
from hookflash.sdk.client import Client, HookflashError, SyncClient, TimedOut, Tls, Unreachable, errors, messages
from hookflash.v1 import (
    admin_service_pb2,
    agent_service_pb2,
    channel_service_pb2,
    conversation_service_pb2,
    errors_pb2,
    event_service_pb2,
    queue_service_pb2,
)
from tests.cli.command import silent_address
from tests.cli.fake_server import FakeServer, RefusedError

TRANSFER = messages.TransferRequest(name="conversations/42", target=messages.Target(queue="queues/billing"))
INVITE = messages.Invite(name="conversations/42/invites/1", state=messages.InviteState.INVITE_STATE_PARKED)
SERVICES = (
    admin_service_pb2, agent_service_pb2, channel_service_pb2, conversation_service_pb2, event_service_pb2,
    queue_service_pb2,
)  # fmt: skip


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as started:
        started.answers["Transfer"] = lambda _request, _context: INVITE
        yield started


async def test_a_mutation_is_given_a_request_id_and_the_callers_message_stays_as_it_was(server: FakeServer) -> None:
    async with Client(server.address) as client:
        await client.transfer(TRANSFER)
        await client.transfer(TRANSFER)
    first, second = (request.request_id for request in server.requests("Transfer"))
    assert first
    assert second
    assert first != second
    assert TRANSFER.request_id == ""


async def test_a_request_id_of_the_callers_own_is_kept(server: FakeServer) -> None:
    async with Client(server.address) as client:
        await client.transfer(messages.TransferRequest(request_id="mine"))
    assert [request.request_id for request in server.requests("Transfer")] == ["mine"]


@pytest.mark.spec("R-G8")
@pytest.mark.parametrize("code", ["UNAVAILABLE", "CANCELLED"])
async def test_a_server_that_took_no_call_is_asked_again_with_the_same_request_id(
    server: FakeServer, code: str
) -> None:
    def twice_unavailable(_request: Message, _context: object) -> Message:
        if len(server.calls) < 3:
            raise RefusedError(code)
        return INVITE

    server.answers["Transfer"] = twice_unavailable
    async with Client(server.address) as client:
        assert await client.transfer(TRANSFER) == INVITE
    ids = [request.request_id for request in server.requests("Transfer")]
    assert len(ids) == 3
    assert len(set(ids)) == 1


async def test_a_refusal_is_not_asked_again(server: FakeServer) -> None:
    def refuse(_request: Message, _context: object) -> Message:
        raise RefusedError("FAILED_PRECONDITION", "INVITE_PENDING")

    server.answers["Transfer"] = refuse
    async with Client(server.address) as client:
        with pytest.raises(errors.InvitePending):
            await client.transfer(TRANSFER)
    assert len(server.calls) == 1


async def test_a_call_has_ten_seconds_unless_told_otherwise(server: FakeServer) -> None:
    async with Client(server.address) as client:
        await client.transfer(TRANSFER)
        await client.transfer(TRANSFER, timeout_s=3.0)
    default, given = (call.left_s for call in server.calls)
    assert default is not None
    assert given is not None
    assert 9.0 < default < 10.5
    assert 2.0 < given < 3.5


async def test_waiting_for_an_invite_does_not_count_towards_the_deadline(server: FakeServer) -> None:
    server.answers["GetInvite"] = lambda _request, _context: INVITE
    request = messages.GetInviteRequest(name=INVITE.name)
    request.wait.FromSeconds(60)
    async with Client(server.address) as client:
        await client.get_invite(request)
    left_s = server.calls[0].left_s
    assert left_s is not None
    assert 69.0 < left_s < 70.5


async def test_the_token_travels_as_bearer(server: FakeServer) -> None:
    async with Client(server.address, token="hf_1_secret") as client:  # noqa: S106 - no real one
        await client.transfer(TRANSFER)
    assert server.calls[0].metadata["authorization"] == "Bearer hf_1_secret"


async def test_a_refusal_is_its_reasons_own_class_with_all_that_it_carries(server: FakeServer) -> None:
    def refuse(_request: Message, _context: object) -> Message:
        raise RefusedError(
            "RESOURCE_EXHAUSTED",
            "QUEUE_FULL",
            "The queue is full. Try again later.",
            {"queue": "queues/billing"},
            timedelta(seconds=2),
            {"target": "queues/billing is full"},
        )

    server.answers["Transfer"] = refuse
    async with Client(server.address) as client:
        with pytest.raises(errors.QueueFull) as raised:
            await client.transfer(TRANSFER)
    error = raised.value
    assert (error.reason, error.sentence, error.code, error.metadata, error.retry_delay, error.bad_fields) == (
        "QUEUE_FULL",
        "The queue is full. Try again later.",
        "RESOURCE_EXHAUSTED",
        {"queue": "queues/billing"},
        timedelta(seconds=2),
        {"target": "queues/billing is full"},
    )


async def test_a_reason_of_a_newer_server_is_still_an_error_with_that_reason(server: FakeServer) -> None:
    def refuse(_request: Message, _context: object) -> Message:
        raise RefusedError("FAILED_PRECONDITION", "MOON_IS_FULL")

    server.answers["Transfer"] = refuse
    async with Client(server.address) as client:
        with pytest.raises(HookflashError) as raised:
            await client.transfer(TRANSFER)
    assert type(raised.value) is HookflashError
    assert raised.value.reason == "MOON_IS_FULL"


async def test_an_error_without_a_reason_is_called_after_its_status(server: FakeServer) -> None:
    def refuse(_request: Message, _context: object) -> Message:
        raise RefusedError("UNIMPLEMENTED")

    server.answers["Transfer"] = refuse
    async with Client(server.address) as client:
        with pytest.raises(HookflashError, match="UNIMPLEMENTED") as raised:
            await client.transfer(TRANSFER)
    assert raised.value.reason == raised.value.code == "UNIMPLEMENTED"


async def test_a_server_that_is_too_slow_is_timed_out_and_an_absent_one_unreachable(server: FakeServer) -> None:
    gone = threading.Event()
    server.answers["Transfer"] = lambda _request, context: (context.add_callback(gone.set), gone.wait(), INVITE)[2]
    async with Client(server.address) as client:
        with pytest.raises(TimedOut):
            await client.transfer(TRANSFER, timeout_s=0.2)
    with silent_address() as address:
        async with Client(address) as client:
            with pytest.raises(Unreachable, match="No server answers at 127"):
                await client.transfer(TRANSFER)


def test_every_reason_of_the_api_has_a_class_of_its_own() -> None:
    reasons = {key.removeprefix("ERROR_REASON_") for key in errors_pb2.ErrorReason.keys()} - {"UNSPECIFIED"}  # noqa: SIM118
    assert set(errors.BY_REASON) == reasons
    assert len(set(errors.BY_REASON.values())) == len(reasons)
    assert errors.NotAParticipant is errors.BY_REASON["NOT_A_PARTICIPANT"]
    with pytest.raises(AttributeError):
        _ = errors.NoSuchReason


def test_every_rpc_is_a_method_of_both_clients() -> None:
    for module in SERVICES:
        for service in module.DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                name = re.sub(r"(?<!^)(?=[A-Z])", "_", method.name).lower()
                assert callable(getattr(Client, name)), name
                assert callable(getattr(SyncClient, name)), name
                assert getattr(Client, name).__doc__, name
                if not method.server_streaming:
                    for client in (Client, SyncClient):
                        assert getattr(client, name).__annotations__["request"].DESCRIPTOR is method.input_type


def test_every_message_and_enum_of_the_api_is_under_one_roof() -> None:
    for module in pkgutil.iter_modules(hookflash.v1.__path__):
        if module.name.endswith("_pb2"):
            found = importlib.import_module(f"hookflash.v1.{module.name}")
            for name in (*found.DESCRIPTOR.message_types_by_name, *found.DESCRIPTOR.enum_types_by_name):
                assert getattr(messages, name) is getattr(found, name)
                assert name in messages.__all__


def test_the_sdk_itself_imports_neither_grpc_nor_protobuf() -> None:
    code = "import sys, hookflash.sdk; print('grpc' in sys.modules or 'google.protobuf' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_the_key_is_in_no_repr() -> None:
    assert repr(Tls(ca=b"ca", key=b"secret", cert=b"cert")) == "Tls(ca, cert, key)"


def test_all_that_is_public_is_documented() -> None:
    for name in client_package.__all__:
        public = getattr(client_package, name)
        assert public.__doc__ or not isinstance(public, type), name


def test_threads_use_the_same_client_without_asyncio(server: FakeServer) -> None:
    with SyncClient(server.address, token="t") as client:  # noqa: S106
        assert client.transfer(TRANSFER) == INVITE
        server.answers.pop("Transfer")

        def refuse(_request: Message, _context: object) -> Message:
            raise RefusedError("NOT_FOUND", "QUEUE_NOT_FOUND")

        server.answers["Transfer"] = refuse
        with pytest.raises(errors.QueueNotFound):
            client.transfer(TRANSFER)
    client.close()

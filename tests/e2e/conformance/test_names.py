"""The names of the API, found by server reflection, are those of its specification; nothing named there is missing."""

from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor

from tests.e2e.conformance.api_names import ENUMS, MESSAGES, REASONS, REPEATED, REQUESTS, SERVICES, TYPES
from tests.e2e.conformance.outside import PACKAGE, Caller, World


def _rpc(world: World, name: str) -> Any:  # noqa: ANN401 - descriptors differ by protobuf's implementation
    service = next(service for service, rpcs in SERVICES.items() if name in rpcs)
    return world.method(f"{service}.{name}")


def _message(world: World, name: str) -> Any:  # noqa: ANN401 - a descriptor
    """The descriptor of `Queue`, `Queue.steps` (a field's type), `Watch.answer` or `Watch.request`."""
    first, *rest = name.split(".")
    if rest and rest[0] in {"answer", "request"}:
        method = _rpc(world, first)
        found = method.output_type if rest.pop(0) == "answer" else method.input_type
    else:
        found = world.pool.FindMessageTypeByName(f"{PACKAGE}.{first}")
    for field in rest:
        found = found.fields_by_name[field].message_type
    return found


def _field(world: World, path: str) -> Any:  # noqa: ANN401 - a descriptor
    message, _, field = path.rpartition(".")
    return _message(world, message).fields_by_name[field]


def _has_fields(message: Any, fields: str) -> None:  # noqa: ANN401 - a descriptor
    for group in fields.split():
        members = [message.fields_by_name[name] for name in group.split("|")]
        if len(members) > 1:
            assert len({member.containing_oneof.full_name for member in members}) == 1, group


@pytest.mark.spec("I14")
def test_reflection_and_health_answer_without_a_token(calm_server: Caller) -> None:
    world = calm_server.world
    assert {f"{PACKAGE}.{service}" for service in SERVICES} <= set(world.services)
    health = world.pool.FindServiceByName("grpc.health.v1.Health").methods_by_name["Check"]
    check: Any = world.channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=world.message_class(health.output_type).FromString,
    )
    assert check(world.message_class(health.input_type)(), timeout=5).status == 1


def test_everything_else_asks_for_a_token(calm_server: Caller) -> None:
    raw = calm_server.world.channel
    for service, rpcs in SERVICES.items():
        for rpc in rpcs:
            call: Any = raw.unary_stream(f"/{PACKAGE}.{service}/{rpc}")
            with pytest.raises(grpc.RpcError) as refused:
                list(call(b"", timeout=5))
            assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED, rpc


@pytest.mark.parametrize(("service", "rpc"), [(service, rpc) for service, rpcs in SERVICES.items() for rpc in rpcs])
def test_every_method_has_its_name_and_answer(calm_server: Caller, service: str, rpc: str) -> None:
    answer, is_stream = SERVICES[service][rpc]
    method = calm_server.world.method(f"{service}.{rpc}")
    assert (method.server_streaming, method.client_streaming) == (is_stream, False)
    assert answer in {"", method.output_type.name}


@pytest.mark.parametrize("rpc", REQUESTS)
def test_every_request_has_its_fields(calm_server: Caller, rpc: str) -> None:
    _has_fields(_rpc(calm_server.world, rpc).input_type, REQUESTS[rpc])


@pytest.mark.parametrize("message", MESSAGES)
def test_every_message_has_its_fields(calm_server: Caller, message: str) -> None:
    _has_fields(_message(calm_server.world, message), MESSAGES[message])


def test_fields_have_their_types(calm_server: Caller) -> None:
    world = calm_server.world
    assert {path: _field(world, path).message_type.full_name for path in TYPES} == TYPES
    lists = {path for path in REPEATED if _field(world, path).is_repeated}
    assert lists == set(REPEATED)
    wide = {FieldDescriptor.TYPE_INT64, FieldDescriptor.TYPE_UINT64}
    for path in ("Event.position", "Conversation.position", "TimelineEntry.sequence", "Delivery.sequence"):
        assert _field(world, path).type in wide, path


@pytest.mark.parametrize("path", ENUMS)
def test_every_enum_has_its_words_with_the_prefix_of_its_name(calm_server: Caller, path: str) -> None:
    kind = _field(calm_server.world, path).enum_type
    prefix = "".join(f"_{letter}" if letter.isupper() else letter.upper() for letter in kind.name).lstrip("_")
    assert {f"{prefix}_{word}" for word in ENUMS[path].split()} <= {value.name for value in kind.values}


@pytest.mark.parametrize("reason", REASONS.split())
def test_every_reason_is_a_value_of_the_enum_error_reason(calm_server: Caller, reason: str) -> None:
    kind: Any = calm_server.world.pool.FindEnumTypeByName(f"{PACKAGE}.ErrorReason")
    assert f"ERROR_REASON_{reason}" in kind.values_by_name


@pytest.mark.spec("R-W3", "R-W4", "INV-5", "I7")
def test_the_customer_s_messages_cannot_hold_a_whisper_a_note_or_an_invite(calm_server: Caller) -> None:
    for name in ("Delivery", "TranscriptEntry"):
        message = _message(calm_server.world, name)
        held = {field.message_type.name for field in message.fields if field.message_type}
        assert held <= {"Message", "Notice", "Timestamp"}
        assert "note" not in message.fields_by_name

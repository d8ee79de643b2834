"""What goes to a customer is of types that cannot hold a whisper or a note, however deep one looks."""

import pytest
from google.protobuf.descriptor import Descriptor, FileDescriptor

from hookflash.v1 import delivery_pb2, sign_pb2, timeline_pb2, transcript_pb2

CUSTOMER_SIDE = (delivery_pb2.Delivery.DESCRIPTOR, transcript_pb2.TranscriptEntry.DESCRIPTOR)
OWN = "hookflash.v1."


def _reachable(message: Descriptor, seen: dict[str, Descriptor]) -> dict[str, Descriptor]:
    if message.full_name not in seen:
        seen[message.full_name] = message
        for field in message.fields:
            if field.message_type is not None:
                _reachable(field.message_type, seen)
    return seen


def _own_types(message: Descriptor) -> set[str]:
    return {name.removeprefix(OWN) for name in _reachable(message, {}) if name.startswith(OWN)}


def _imported_files(file: FileDescriptor) -> set[str]:
    names: set[str] = set()
    for dependency in file.dependencies:
        names |= {dependency.name} | _imported_files(dependency)
    return names


@pytest.mark.spec("R-W3", "R-G11", "I7")
@pytest.mark.parametrize("message", CUSTOMER_SIDE, ids=lambda message: message.name)
def test_a_customer_type_reaches_only_messages_and_notices(message: Descriptor) -> None:
    own = {message.name, "Message", "MessageChoice", "MessageMedia", "MessageTemplate", "Notice"}
    assert _own_types(message) == own


@pytest.mark.spec("R-W3", "R-G11", "I7")
@pytest.mark.parametrize("message", CUSTOMER_SIDE, ids=lambda message: message.name)
def test_no_field_on_the_way_to_a_customer_is_a_note(message: Descriptor) -> None:
    fields = {field.name for reached in _reachable(message, {}).values() for field in reached.fields}
    assert fields & {"note", "whisper", "invite", "etag", "position"} == set()


@pytest.mark.spec("R-W3", "I7")
@pytest.mark.parametrize("message", CUSTOMER_SIDE, ids=lambda message: message.name)
def test_the_file_of_a_customer_type_imports_no_file_that_knows_whispers(message: Descriptor) -> None:
    own = {name for name in _imported_files(message.file) if name.startswith("hookflash/")}
    assert own == {"hookflash/v1/message.proto"}


@pytest.mark.spec("R-W3", "R-G11", "I7")
def test_a_sign_to_a_customer_holds_ids_of_his_own_messages_and_whether_somebody_types() -> None:
    sign = sign_pb2.Sign.DESCRIPTOR
    assert _own_types(sign) == {"Sign", "ReadMark"}
    fields = {field.name for reached in _reachable(sign, {}).values() for field in reached.fields}
    assert fields == {"address", "is_typing", "read", "external_ids"}
    assert _imported_files(sign.file) == set()


@pytest.mark.spec("R-W4")
def test_a_timeline_entry_holds_a_whisper_as_a_type_of_its_own() -> None:
    whisper = timeline_pb2.TimelineEntry.DESCRIPTOR.fields_by_name["whisper"].message_type
    assert whisper is not None
    assert whisper.name == "Whisper"
    assert _own_types(whisper) == {"Whisper"}

"""A whisper cannot be put into anything a channel takes: mypy says so, and so does Python."""

import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import httpx
import pytest

from hookflash import sdk
from hookflash.sdk import channel, messages
from hookflash.sdk.channel import CustomerAddress, CustomerNotice, Delivery, Message
from hookflash.sdk.messages import Whisper
from hookflash.sdk.types import ChannelId, ConversationId, DeliveryId
from tests.plugin_checks import MYPY, environment_of_checks

pytestmark = pytest.mark.spec("R-W3", "R-W4", "INV-5", "I7")

TO = CustomerAddress(channel=ChannelId("web"), id="c1")
HELLO = Message(sender_name="Ann", text="Hello")
SNIPPET = """
from hookflash.sdk.channel import CustomerAddress, CustomerNotice, Delivery, Message
from hookflash.sdk.messages import Whisper
from hookflash.sdk.types import ChannelId, ConversationId, DeliveryId

to = CustomerAddress(channel=ChannelId("web"), id="c1")
whisper = Whisper(sender_name="Ann", text="he is lying")


def deliver(content: Message | CustomerNotice) -> Delivery:
    return Delivery(id=DeliveryId("d"), conversation=ConversationId("1"), sequence=1, to=to, content=content)


"""
LEAKS = {
    "deliver(whisper)": 'incompatible type "Whisper"',
    'deliver("just a text")': 'incompatible type "str"',
    "deliver(None)": 'incompatible type "None"',
    'deliver(Message(sender_name="Ann", text=whisper))': 'incompatible type "Whisper"; expected "str"',
    "class Sly(Message): ...": 'Cannot inherit from final class "Message"',
}
RIGHT = ('deliver(Message(sender_name="Ann", text="hi"))', 'deliver(CustomerNotice(key="k", text="hi"))')


def _delivery(content: Any) -> Delivery:  # noqa: ANN401 - what untyped code would pass
    return Delivery(id=DeliveryId("d"), conversation=ConversationId("1"), sequence=1, to=TO, content=content)


def _complaints(folder: Path, source: str) -> dict[int, list[str]]:
    """What mypy has to say, by line."""
    file = folder / "snippet.py"
    file.write_text(source, encoding="utf-8")
    # In a process of its own: all that mypy remembers would be in the way of every test after this one.
    environ = {**os.environ, **environment_of_checks(folder / "types")}
    report = subprocess.run([*MYPY, str(file)], cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert not report.stderr
    found: dict[int, list[str]] = {}
    for line, said in re.findall(r"snippet\.py:(\d+): error: (.*)", report.stdout):
        found.setdefault(int(line), []).append(said)
    return found


def test_planted_leaks_do_not_type_check_and_what_the_customer_may_read_does(tmp_path: Path) -> None:
    before = SNIPPET.count("\n")
    found = _complaints(tmp_path, SNIPPET + "\n".join([*LEAKS, *RIGHT]) + "\n")
    assert sorted(found) == [before + n for n in range(1, len(LEAKS) + 1)], "each leak, and nothing else"
    for said, complaint in zip(found.values(), LEAKS.values(), strict=True):
        assert len(said) == 1
        assert complaint in said[0]


@dataclass(frozen=True)
class LookAlike:
    sender_name: str
    text: str


class Heir(Message):  # type: ignore[misc]
    """What untyped code could still write."""


@pytest.mark.parametrize(
    "content",
    [
        Whisper(sender_name="Ann", text="he is lying"),
        LookAlike("Ann", "he is lying"),
        Heir(sender_name="Ann", text="he is lying"),
        "he is lying",
        {"text": "he is lying"},
        None,
    ],
)
def test_anything_but_a_message_or_a_customer_notice_is_refused_at_run_time_without_being_repeated(
    content: object,
) -> None:
    with pytest.raises(TypeError) as refusal:
        _delivery(content)
    assert "lying" not in str(refusal.value)
    with pytest.raises(TypeError):
        replace(_delivery(HELLO), content=content)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [Message, CustomerNotice])
def test_a_whisper_cannot_hide_in_a_text(kind: Any) -> None:  # noqa: ANN401 - what untyped code would call
    names = [field.name for field in fields(kind)]
    for hidden in names:
        values: dict[str, object] = dict.fromkeys(names, "hi")
        values[hidden] = Whisper(sender_name="Ann", text="he is lying")
        with pytest.raises(TypeError) as refusal:
            kind(**values)
        assert "lying" not in str(refusal.value)


def test_a_delivery_made_of_what_the_customer_may_read_is_taken() -> None:
    for content in (HELLO, CustomerNotice(key="k", text="Ben has joined.")):
        assert _delivery(content).content is content


def test_the_three_types_share_no_ancestor_that_carries_text() -> None:
    kinds = (messages.Message, messages.CustomerNotice, messages.Whisper)
    assert [kind.__mro__ for kind in kinds] == [(kind, object) for kind in kinds]


def test_whisper_is_not_to_be_had_from_where_adapters_import() -> None:
    for module in (channel, sdk):
        assert "Whisper" not in dir(module)


def test_no_type_of_the_channel_module_has_a_field_that_could_hold_a_whisper() -> None:
    for name in channel.__all__:
        kind = getattr(channel, name)
        if not hasattr(kind, "__dataclass_fields__"):
            continue
        hints = get_type_hints(kind, localns={"httpx": httpx})
        for field in fields(kind):
            if get_origin(hints[field.name]) is Callable:
                continue  # What the engine lends an adapter to call.
            held = [hints[field.name], *get_args(hints[field.name])]
            assert not [one for one in held if one in (Whisper, Any, object)], f"{name}.{field.name}"

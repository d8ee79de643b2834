"""Frames: what goes over a customer's web socket, as JSON objects that name themselves in `frame`.

What a client sends is checked field by field before anything looks at it; what goes out is made of a Delivery's content
and of what the customer himself said, so there is no field that a whisper could stand in.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, final

from hookflash.sdk import CustomerNotice, Delivery

__all__ = ["FRAME_SIZE_MAX", "BadFrameError", "Cmd", "Hello", "Ping", "err", "ev", "event_of", "ok", "read_frame"]

FRAME_SIZE_MAX: Final = 65_536
"""Characters of a frame that a client sends: the longest text fits with each of them escaped."""

Json: TypeAlias = dict[str, Any]

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_SEQ_MAX: Final = 2**53


class BadFrameError(Exception):
    """A frame that cannot be read; `id` is that of its command, where it has one."""

    def __init__(self, text: str, command_id: str = "") -> None:
        """Say what is wrong with it."""
        super().__init__(text)
        self.id = command_id


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """Who comes, and the number of the last frame that he has; None: none."""

    token: object
    after: int | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Cmd:
    """What a customer wants done; the same `id` again is the same command."""

    id: str
    name: str
    args: Mapping[str, Any] = field(default_factory=dict)


@final
@dataclass(frozen=True, slots=True)
class Ping:
    """A sign of life."""


def read_frame(text: str | bytes) -> Hello | Cmd | Ping:
    """Read what a client sent. Raises BadFrameError."""
    if len(text) > FRAME_SIZE_MAX:
        raise BadFrameError(f"a frame has at most {FRAME_SIZE_MAX} characters")
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        raise BadFrameError("a frame is a JSON object") from None
    match frame:
        case {"frame": "hello", "token": token}:
            return Hello(token=token, after=read_seq(frame.get("after")))
        case {"frame": "cmd", "id": str(command_id), "name": str(name)}:
            args = frame.get("args", {})
            if _ID.fullmatch(command_id) is None:
                raise BadFrameError("a command's id is 1 to 64 of A-Z a-z 0-9 _ -")
            if not isinstance(args, dict):
                raise BadFrameError("a command's args are an object", command_id)
            return Cmd(id=command_id, name=name, args=args)
        case {"frame": "ping"}:
            return Ping()
        case _:
            raise BadFrameError("a frame is hello with a token, cmd with id and name, or ping")


def read_seq(given: object) -> int | None:
    """Read the number of a frame, None where there is none. Raises BadFrameError."""
    if given is None:
        return None
    if type(given) is not int or not 0 <= given <= _SEQ_MAX:
        raise BadFrameError("a frame's number is a whole number")
    return given


def event_of(delivery: Delivery, at: str) -> Json:
    """What the customer is shown of a Delivery."""
    content = delivery.content
    if isinstance(content, CustomerNotice):
        return {"type": "notice", "key": content.key, "text": content.text, "at": at}
    shown = {"type": "message", "from": "agent", "name": content.sender_name, "text": content.text, "at": at}
    return shown if content.media is None else {**shown, "media": content.media.told()}


def ev(seq: int | None, event: Json) -> Json:
    """An event on its way; without a number it is for this moment only."""
    return {"frame": "ev", **({} if seq is None else {"seq": seq}), **event}


def ok(command_id: str, seq: int | None = None) -> Json:
    """A command was done; `seq` is the number of the frame that tells of it."""
    return {"frame": "ok", "id": command_id, **({} if seq is None else {"seq": seq})}


def err(command_id: str, code: str, text: str, retry_after_s: float | None = None) -> Json:
    """A command was not done; with `retry_after_s` it may be sent again then, under the same id."""
    again = {} if retry_after_s is None else {"retry_after_s": retry_after_s}
    return {"frame": "err", "id": command_id, "code": code, "text": text, **again}

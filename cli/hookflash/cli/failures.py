"""Every way a command can fail: an exit code that scripts branch on, and one sentence for people.

The codes are fixed: 0 ok, 1 failed, 2 usage, 3 not found, 4 auth, 5 precondition, 6 nobody accepted or timed out,
7 server unreachable, 130 interrupted.
"""

import sys
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hookflash.sdk.client import HookflashError

__all__ = ["CommandError", "ExitCode", "Failure", "failure_of"]


class ExitCode(IntEnum):
    """What the command ends with."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    AUTH = 4
    PRECONDITION = 5
    NOBODY_ACCEPTED = 6
    UNREACHABLE = 7
    INTERRUPTED = 130


class CommandError(Exception):
    """A failure that the command found by itself: a sentence with a way out, and the exit code."""

    def __init__(self, sentence: str, code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What is shown: a sentence, what -v adds to it, and the exit code."""

    code: ExitCode
    sentence: str
    more: tuple[str, ...] = ()
    is_defect: bool = False


_BY_CODE = {
    "INVALID_ARGUMENT": ExitCode.USAGE,
    "NOT_FOUND": ExitCode.NOT_FOUND,
    "UNAUTHENTICATED": ExitCode.AUTH,
    "PERMISSION_DENIED": ExitCode.AUTH,
    "FAILED_PRECONDITION": ExitCode.PRECONDITION,
    "ABORTED": ExitCode.PRECONDITION,
    "ALREADY_EXISTS": ExitCode.PRECONDITION,
    "DEADLINE_EXCEEDED": ExitCode.NOBODY_ACCEPTED,
}
"""The exit code of each gRPC status; any other is FAILED."""


def failure_of(error: Exception) -> Failure:
    """Return what to show for whatever a command raised."""
    if isinstance(error, CommandError):
        return Failure(code=error.code, sentence=error.sentence)
    if isinstance(error, click.ClickException):
        return Failure(code=ExitCode.FAILED, sentence=error.format_message())
    # The client is imported by commands that call a server; where it is not, it has raised nothing.
    client = sys.modules.get("hookflash.sdk.client")
    if client is not None and isinstance(error, client.HookflashError):
        return _refused(error)
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return Failure(code=ExitCode.FAILED, sentence=f"{place}{error.strerror or error}.")
    return Failure(
        code=ExitCode.FAILED,
        sentence=f"Something went wrong inside the command ({type(error).__name__}: {error}). Run it again with -v.",
        is_defect=True,
    )


def _refused(error: "HookflashError") -> Failure:
    from hookflash.cli.text import plain

    code = _BY_CODE.get(error.code, ExitCode.FAILED)
    sentence = f"{plain(error.sentence)} ({plain(error.reason)})"
    if error.reason in ("UNREACHABLE", "DRAINING"):
        code = ExitCode.UNREACHABLE
    if error.reason == "UNREACHABLE":
        is_tls = "TLS" in error.sentence
        way_out = "See --tls-ca." if is_tls else "Start one with `hookflash serve`, or name another with --server."
        sentence = f"{plain(error.sentence)} {way_out}"
    if error.reason == "NOT_AUTHENTICATED":
        sentence += " Give a token with --token-file, or name a context that has one."
    fields = "".join(
        f" {plain(path)}: {plain(why)}" for path, why in error.bad_fields.items() if why not in error.sentence
    )
    more = [f"status {error.code}", *(f"{plain(key)}: {plain(value)}" for key, value in error.metadata.items())]
    if error.retry_delay is not None:
        more.append(f"try again in {error.retry_delay.total_seconds():g} s")
    return Failure(code=code, sentence=sentence + fields, more=tuple(more))

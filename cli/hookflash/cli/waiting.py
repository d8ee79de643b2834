"""Waiting for an invite's end, and showing on a terminal what is waited for."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from hookflash.cli.failures import CommandError, ExitCode
from hookflash.cli.output import word
from hookflash.cli.text import bare, ordinal, plain, shown_duration
from hookflash.cli.views import INVITE, target

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp

    from hookflash.cli.session import Session
    from hookflash.sdk.client import messages as m

__all__ = ["progress_line", "wait_for_end"]

_POLL_S = 30.0
_POLL_SHOWN_S = 1.0
_ENDS = {
    "NO_AGENT": "nobody accepted in time",
    "DECLINED": "the agent declined",
    "CANCELLED": "it was cancelled",
    "CUSTOMER_LEFT": "the customer left first",
    "CLOSED": "the conversation was closed first",
}


async def wait_for_end(session: Session, name: str) -> int:
    """Wait until an invite has ended and print it; 0 when somebody accepted, else a CommandError with 6."""
    from hookflash.sdk.client import messages as m

    is_shown = sys.stderr.isatty() and not session.given.is_quiet
    until = None if session.given.timeout_s is None else time.monotonic() + session.given.timeout_s
    while True:
        poll_s = _POLL_SHOWN_S if is_shown else _POLL_S
        left_s = poll_s if until is None else until - time.monotonic()
        request = m.GetInviteRequest(name=name)
        request.wait.FromMilliseconds(int(max(0.0, min(poll_s, left_s)) * 1000))
        # The deadline of the call itself is not what --timeout bounds here: the wait is.
        invite = await session.client.get_invite(request, timeout_s=poll_s + 10.0)
        state = word(invite, "state")
        if state not in ("PARKED", "OFFERED") or left_s <= 0:
            break
        if is_shown:
            print(f"\r\x1b[K{progress_line(invite, time.time())}", end="", file=sys.stderr, flush=True)
    if is_shown:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    session.printer.one(invite, INVITE)
    if state == "ACCEPTED":
        return ExitCode.OK
    why = _ENDS.get(state) or f"it is still {state} after {shown_duration(session.given.timeout_s or 0)}"
    raise CommandError(f"Nobody has accepted {name}: {why}.", ExitCode.NOBODY_ACCEPTED)


def progress_line(invite: m.Invite, now_s: float) -> str:
    """Return what an open invite waits for: `offered to bob (2nd agent), 18 s left`."""
    if word(invite, "state") == "OFFERED":
        left = _left(invite.offer_expire_time, now_s)
        return f"offered to {plain(bare(invite.agent))} ({ordinal(invite.attempts)} agent){left}"
    asked = f", {invite.attempts} asked so far" if invite.attempts else ""
    return f"waiting in {plain(target(invite.target))}{asked}{_left(invite.expire_time, now_s)}"


def _left(end: Timestamp, now_s: float) -> str:
    return f", {shown_duration(end.seconds + end.nanos / 1e9 - now_s)} left" if end.seconds else ""

"""Disks that fail: turned bits and cut files under the journal; errors of write and sync, and no room, under a server.

What can be noticed is, with a position; what was acknowledged before the fault is there after it.
"""

from pathlib import Path
from random import Random
from typing import Final

import grpc
import pytest

from hookflash.engine.journal.data_directory import JOURNAL_FILE
from tests.e2e.calling import Refused, admin_of, site_on
from tests.e2e.server_process import ServerProcess, hookflash, running
from tests.small_disk import small_disk
from tests.torture.faulty_disk import ENVIRONMENT
from tests.torture.flips import Flips, make_directories
from tests.torture.frame import Plan, Size, Trial, Verdict

__all__ = ["TRIAL"]

_FAULTS: Final = (("write", 778, "EIO of a write"), ("sync", 1034, "EIO of a sync"), ("write", 13, "no room"))
"""SQLITE_IOERR_WRITE, SQLITE_IOERR_FSYNC, SQLITE_FULL."""

_ROOT: Final = Path(__file__).parents[2]
_SETTINGS: Final = {"customer_commands_per_s_max": "100000", "command_burst_max": "100000"}
_TALK: Final = "conversations/talk"
_SAID_MAX: Final = 150


def _say(server: ServerProcess, first: int) -> tuple[list[str], bool]:
    """Write as a customer until the server says no or is gone; what it took, and whether it said no in good form."""
    taken: list[str] = []
    admin = admin_of(server)
    with admin.channel:
        for number in range(first, first + _SAID_MAX):
            text = f"text {number} " + "x" * 500
            try:
                admin.call(
                    "ChannelService/Receive",
                    channel="channels/web",
                    address="address of talk",
                    external_id=f"{number}",
                    text=text,
                )
            except Refused as refused:
                return taken, refused.reason in ("JOURNAL_UNAVAILABLE", "")
            except grpc.RpcError:
                return taken, True
            taken.append(text)
    return taken, False


def _heard(server: ServerProcess) -> list[str]:
    admin = admin_of(server)
    with admin.channel:
        page = admin.call("ConversationService/ListTimeline", name=_TALK, page_size=1_000)
    return [entry.message.text for entry in page.entries if entry.WhichOneof("entry") == "message"]


def _begin(data: Path) -> None:
    with running(data, settings=_SETTINGS) as server:
        with site_on(server) as site:
            site.opened("talk")
        server.terminate()


def _check_after(data: Path, taken: list[str], what: str) -> list[str]:
    """A server on a sound disk has all that was taken, at most one more, and goes on."""
    with running(data, settings=_SETTINGS) as server:
        heard = _heard(server)
        more, _ = _say(server, 10_000)
        server.terminate()
    failures = []
    if heard[: len(taken)] != taken or len(heard) > len(taken) + 1:
        failures.append(f"I1 DURABLE: {what}: {len(taken)} texts were taken, {len(heard)} are there")
    if len(more) != _SAID_MAX:
        failures.append(f"I6 NOT-STUCK: {what}: only {len(more)} texts were taken afterwards")
    if hookflash("doctor", "--data", data).code != 0:
        failures.append(f"I13 AUDIT: {what}: the doctor finds something")
    return failures


def _faulty(folder: Path, fault: tuple[str, int, str], chance: Random) -> list[str]:
    """One server on a disk that begins to fail under it."""
    kind, code, name = fault
    number = chance.randint(10, 60)
    what = f"{name} from number {number} on"
    _begin(folder)
    told = {ENVIRONMENT: f"{kind}:{code}:{number}", "PYTHONPATH": f"{_ROOT}"}
    with running(folder, settings=_SETTINGS, module="tests.torture.faulty_disk", environment=told) as server:
        taken, is_in_good_form = _say(server, 0)
        if code != 13:  # Only what is known not to be written lets a server go on.
            ended = server.until_ended()
            said = "what was acknowledged is safe" in server.stderr and "Traceback" not in server.stderr
            if ended != 1 or not said:
                return [f"{what}: the server ended with {ended} and said {server.stderr[-300:]}"]
        else:
            server.kill()
    failures = [] if is_in_good_form else [f"{what}: the refusal is none that a caller understands"]
    return failures + _check_after(folder, taken, what)


def _full(folder: Path) -> list[str]:
    """A server on a real small disk that fills up under it."""
    with small_disk(folder, 6) as disk:
        data = disk / "data"
        _begin(data)
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(4_000_000))
        with running(data, settings=_SETTINGS) as server:
            taken: list[str] = []
            for first in range(0, 20_000, _SAID_MAX):
                more, is_refused = _say(server, first)
                taken += more
                if len(more) < _SAID_MAX:
                    break
            server.kill()
        ballast.unlink()
        failures = [] if is_refused else ["a full disk: the refusal is none that a caller understands"]
        return failures + _check_after_full(data, taken)


def _check_after_full(data: Path, taken: list[str]) -> list[str]:
    with running(data, settings=_SETTINGS) as server:
        heard = _heard(server)
        server.terminate()
    if heard == taken[: len(heard)] and len(heard) == min(len(taken), 1_000):
        return []
    return [f"I1 DURABLE: a full disk: {len(taken)} texts were taken, {len(heard)} are there"]


def _run(plan: Plan) -> Verdict:
    chance = Random(plan.seed)  # noqa: S311  which place, not which secret
    records, ended, killed = make_directories(plan.folder)
    flips = Flips(records, plan.folder / "scratch")
    wanted = plan.count("flips")
    for number in range(wanted):
        file = (ended, JOURNAL_FILE) if number % 2 else (killed, f"{JOURNAL_FILE}-wal")
        (flips.cut if number % 8 >= 6 else flips.flip)(*file, chance)
        plan.progress(f"{number + 1} of {wanted} bits turned and files cut")
    failures = list(flips.failures)
    faults = plan.count("faults")
    for number in range(faults):
        failures += _faulty(plan.folder / f"fault-{number}", _FAULTS[number % len(_FAULTS)], chance)
        plan.progress(f"{number + 1} of {faults} disk errors under a server")
    full = "passed"
    try:
        failures += _full(plan.folder / "disk")
    except pytest.skip.Exception as skipped:
        full = f"skipped: {skipped}"
    return Verdict(
        figures={
            "bits turned and files cut": wanted,
            **{f"  {name}": count for name, count in sorted(flips.outcomes.items())},
            "disk errors under a server": faults,
            "a real full disk": full,
        },
        failures=failures,
    )


TRIAL = Trial(
    name="disk",
    summary="turned bits, cut files, EIO, a full disk: noticed with a position, and nothing acknowledged is lost",
    sizes=(
        Size(name="flips", full=4_000, help="how many bits are turned and files cut, one at a time"),
        Size(name="faults", full=12, help="how many servers run on a disk that begins to fail"),
    ),
    run=_run,
)

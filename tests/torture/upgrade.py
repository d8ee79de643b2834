"""Upgrades: the data directory of every release, opened by today's server, says what it said, and work goes on in it.

`make_release.py` adds one. The golden journals in `tests/journal/golden` have an event of every class instead; both are
kept, since one is complete and the other is real.
"""

import json
import tarfile
from pathlib import Path
from typing import Any

from hookflash.engine.journal.sqlite import verify_directory
from tests.e2e.calling import Caller, admin_of
from tests.e2e.server_process import ServerProcess, hookflash, running
from tests.torture.frame import Plan, Trial, Verdict
from tests.torture.make_release import RELEASES, told

__all__ = ["TRIAL"]


def _texts(admin: Caller) -> list[str]:
    """Everything said in all conversations, customers' and agents' texts and whispers."""
    said: list[str] = []
    for conversation in admin.call("ConversationService/ListConversations", page_size=500).conversations:
        page = admin.call("ConversationService/ListTimeline", name=conversation.name, page_size=1_000)
        said += [each.text for entry in page.entries for each in (entry.message, entry.whisper) if each.text]
    return said


def _go_on(server: ServerProcess, wanted: list[str]) -> list[str]:
    """Read what is there and add to it; what is not as it should be."""
    failures = []
    admin = admin_of(server)
    with admin.channel:
        missing = set(wanted) - set(_texts(admin))
        if missing:
            failures.append(f"I1 DURABLE: {len(missing)} texts are gone, such as {min(missing)!r}")
        admin.call(
            "ChannelService/Receive", channel="channels/web", address="of today", external_id="new", text="said today"
        )
        if "said today" not in _texts(admin):
            failures.append("I1 DURABLE: what is said today is not there")
    return failures


def _upgraded(folder: Path, release: str) -> list[str]:
    """Today's code on one release's directory; what is not as it should be."""
    with tarfile.open(RELEASES / f"{release}.tar.xz") as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # Came with Python 3.11.4.
        archive.extractall(folder)  # noqa: S202  ours
    says: dict[str, Any] = json.loads((RELEASES / f"{release}.json").read_text(encoding="utf-8"))
    found = told(folder)
    compared = ["position", "digest"] if found["layout"] == says["layout"] else ["position"]
    failures = [
        f"I10 REPLAY: the journal's {name} is {found[name]}, and was {says[name]}"
        for name in compared
        if found[name] != says[name]
    ]
    for _ in range(2):  # Once to upgrade it, and once more as one of today's own.
        with running(folder) as server:
            failures += _go_on(server, says["texts"])
            server.terminate()
    report = verify_directory(folder)
    if report.damaged_position is not None or report.records <= says["position"]:
        failures.append(f"I13 AUDIT: {report}")
    doctor = hookflash("doctor", "--data", folder)
    if doctor.code:
        failures.append(f"the doctor finds something: {doctor.stdout[-500:]}")
    return [f"{release}: {failure}" for failure in failures]


def _run(plan: Plan) -> Verdict:
    releases = sorted(path.stem for path in RELEASES.glob("*.json"))
    failures = [] if releases else ["there is no release to upgrade from"]
    for number, release in enumerate(releases, 1):
        failures += _upgraded(plan.folder / release, release)
        plan.progress(f"{number} of {len(releases)} releases")
    return Verdict(figures={"releases": ", ".join(releases)}, failures=failures)


TRIAL = Trial(
    name="upgrade",
    summary="the data directory of every release, opened and continued by today's server",
    sizes=(),
    run=_run,
)

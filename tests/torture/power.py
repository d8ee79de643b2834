"""Power cuts: the journal and its views, over a disk that loses what was not synced (`power_disk.py`).

The engine's own code runs, with its statements and pragmas; `power_lives.py` is the process that lives and dies. The
same is done once more with a pragma that production never uses (synchronous=NORMAL), which has to lose: a trial that
cannot fail shows nothing.
"""

import json
import subprocess
import sys
from pathlib import Path
from time import monotonic
from typing import Any, Final

from tests.torture.frame import Plan, Size, Trial, Verdict

__all__ = ["TRIAL"]

_ROOT: Final = Path(__file__).parents[2]
_NO_SHIM: Final = 3


def _cut(plan: Plan, synchronous: str, cuts: int) -> dict[str, Any] | str:
    """Let the process live; what it counted, or why it cannot run here."""
    folder = plan.folder / synchronous
    folder.mkdir()
    command = [sys.executable, "-m", "tests.torture.power_lives", str(folder), str(plan.seed), str(cuts), synchronous]
    counted: dict[str, Any] = {}
    errors = plan.folder / f"{synchronous}.stderr"
    with errors.open("w") as said, subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=said) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(b"{"):
                counted = json.loads(line)
                text = "{cuts} of {0} cuts, {acknowledged:,} records acknowledged, {lost} lost"
                plan.progress(f"{synchronous}: {text.format(cuts, **counted)}")
    if process.returncode == _NO_SHIM:
        return errors.read_text(encoding="utf-8").strip()
    if process.returncode:
        raise RuntimeError(f"the process ended with {process.returncode}: {errors.read_text(encoding='utf-8')[-1000:]}")
    return counted


def _run(plan: Plan) -> Verdict:
    started = monotonic()
    full = _cut(plan, "FULL", plan.count("cuts"))
    if isinstance(full, str):
        return Verdict(figures={}, skipped=full)
    took_s = monotonic() - started
    plant = _cut(plan, "NORMAL", plan.count("plant_cuts"))
    assert not isinstance(plant, str)
    failures = []
    if full["lost"]:
        failures.append(f"I1 DURABLE: {full['lost']} acknowledged records were lost with synchronous=FULL")
    if full["failure"]:
        failures.append(f"I10 REPLAY: {full['failure']}")
    if not plant["lost"]:
        failures.append("the plant, synchronous=NORMAL, lost nothing: the trial sees nothing")
    return Verdict(
        figures={
            "cuts": full["cuts"],
            "of them while opening": full["cuts_while_opening"],
            "of them while a log was moved into its file": full["cuts_in_checkpoints"],
            "data directories": full["directories"],
            "records acknowledged": full["acknowledged"],
            "acknowledged and lost, FULL": full["lost"],
            "acknowledged and lost, NORMAL (the plant)": f"{plant['lost']:,} in {plant['cuts']:,} cuts",
            "cuts a second": full["cuts"] / took_s,
        },
        failures=failures,
    )


TRIAL = Trial(
    name="power",
    summary="power cuts under the journal and its views: what was not synced is undone or torn",
    sizes=(
        Size(name="cuts", full=1_000, help="how often the power goes"),
        Size(name="plant_cuts", full=60, help="how often it goes with the planted defect, which has to lose"),
    ),
    run=_run,
)

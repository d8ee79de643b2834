"""Actor libraries beside our entities: starting, telling, asking, memory; each in a process of its own.

Libraries that the engine does not need come from another interpreter, so that they are installed for this only; one
that is not there has no figures and says so in its group.
"""

import json
import sys
from pathlib import Path
from typing import Final

from hookflash.cli.bench.figures import Sample
from hookflash.cli.bench.processes import run_alone
from hookflash.cli.bench.round import Round

__all__ = ["measure"]

_ROOT: Final = Path(__file__).resolve().parents[3]
_OTHER_PYTHON: Final = _ROOT / ".venv-alternatives" / "bin" / "python"
_LIBRARIES: Final = {
    "hookflash, whole turns": "hookflash",
    "pykka threads": "pykka",
    "asyncio tasks": "asyncio",
    "xoscar": "xoscar",
    "thespian, in one process": "thespian",
    "ray, at most 20": "ray",
}
_OWN: Final = ("hookflash", "pykka", "asyncio")
_MESSAGES: Final = 20_000
_QUICK_MESSAGES: Final = 640
_FIGURES: Final = (
    ("started", "1/s", "started"),
    ("memory each", "KiB", "memory"),
    ("one sender", "1/s", "one_sender"),
    ("many to many", "1/s", "many_to_many"),
    ("ask, p50", "us", "ask_p50"),
    ("ask, p99", "us", "ask_p99"),
)


async def measure(round_: Round) -> list[Sample]:
    """All libraries, at every number of actors."""
    samples: list[Sample] = []
    for actors in round_.plan.actors:
        messages = _QUICK_MESSAGES if round_.plan.is_quick else _MESSAGES
        for title, library in _LIBRARIES.items():
            group = f"{title}, {actors:,} actors"
            python = str(_OTHER_PYTHON) if library not in _OWN and _OTHER_PYTHON.exists() else sys.executable
            module = f"tests.bench.alternatives.actors_{library}"
            said = await run_alone(group, (python, "-m", module, str(actors), str(messages)), b"")
            figures: dict[str, float] = json.loads(said)
            if "missing" in figures:
                samples.append(Sample(group=group, name="not installed", unit="", value=0.0))
                round_.say(f"{group}: not installed")
                continue
            samples += [Sample(group=group, name=name, unit=unit, value=figures[key]) for name, unit, key in _FIGURES]
            round_.say(f"{group}: {figures['many_to_many']:,.0f} messages/s, many to many")
    return samples

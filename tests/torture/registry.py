"""All trials, in the order in which `python -m tests.torture all` takes them.

A trial is added by its module's name here. Modules import what may not be installed only while they run.
"""

from importlib import import_module
from typing import Final

from tests.torture.frame import Trial

__all__ = ["trials"]

_MODULES: Final[tuple[str, ...]] = (
    "kill",
    "power",
    "disk",
    "upgrade",
    "network",
    "readers",
    "fuzz",
    "overload",
    "soak",
)


def trials() -> dict[str, Trial]:
    """Every trial by its name."""
    found = [import_module(f"tests.torture.{name}").TRIAL for name in _MODULES]
    return {trial.name: trial for trial in found}

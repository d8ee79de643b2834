"""Every scenario at both levels: on the engine in this process, and over gRPC against a real server process."""

import pytest

from . import conferences, faults, leaving, offers, refusals, transfers
from .engine_driver import open_engine
from .stage import SCENARIOS, Scenario, Stage

DESCRIBED = (conferences, faults, leaving, offers, refusals, transfers)
"""The files of descriptions; importing them is what fills SCENARIOS."""


@pytest.mark.parametrize(
    "described",
    [pytest.param(s, id=f"{s.id}-{s.play.__name__}", marks=pytest.mark.spec(*s.spec)) for s in SCENARIOS],
)
async def test_engine(described: Scenario) -> None:
    async with open_engine(described.limits) as driver:
        stage = Stage(driver, "here")
        await described.play(stage)
        await stage.finish()

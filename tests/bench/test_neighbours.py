"""Whatever a plugin does, everybody else's writes go on: the benchmark's own engines, for a moment each."""

import asyncio
from pathlib import Path

import pytest

from hookflash.cli.bench.parts.neighbours import writes_beside


@pytest.mark.spec("A-30")
@pytest.mark.parametrize("behaviour", ["spinning strategy, process", "flooding adapter"])
def test_writes_go_on_beside_a_plugin_that_misbehaves(behaviour: str, tmp_path: Path) -> None:
    measured = asyncio.run(
        writes_beside(directory=str(tmp_path / "engine"), behaviour=behaviour, warm_up_s=0.2, measured_s=0.3)
    )
    # Far below what any machine does, and far above what is left where a plugin has the loop to itself.
    assert measured["writes_per_s"] > 20
    assert measured["p99_ms"] < 5_000

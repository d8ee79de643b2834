"""Slices of the trials of load: readers who do not read, more than the server takes, and everybody coming and going.

How fast it is (`too_slow`) is for the full trials, on a machine that does nothing else; what is right is right on any.
"""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.torture import overload, readers, soak
from tests.torture.frame import Plan
from tests.torture.vitals import MIB, Vitals, VitalsLog


def _plan(folder: Path, sizes: Mapping[str, float]) -> Plan:
    return Plan(seed=7, sizes=sizes, folder=folder, progress=lambda _: None)


@pytest.mark.trial
@pytest.mark.spec("I16", "R-L6")
def test_who_does_not_read_loses_his_stream_and_nobody_else_anything(tmp_path: Path) -> None:
    verdict = readers.TRIAL.run(_plan(tmp_path, {"messages": 600, "readers": 2}))
    assert list(verdict.failures) == []


@pytest.mark.trial
@pytest.mark.spec("I16")
def test_more_than_the_server_takes_is_refused_without_a_record(tmp_path: Path) -> None:
    verdict = overload.TRIAL.run(_plan(tmp_path, {"seconds": 1, "times": 3, "clients": 1}))
    assert list(verdict.failures) == []


@pytest.mark.trial
@pytest.mark.spec("I16")
def test_everybody_may_come_and_go_and_nothing_stays_behind(tmp_path: Path) -> None:
    verdict = soak.TRIAL.run(_plan(tmp_path, {"minutes": 0.05}))
    assert list(verdict.failures) == []
    assert float(verdict.figures["conversations"]) > 0


def test_growth_is_the_slope_of_the_second_half() -> None:
    readings = [
        Vitals(at_s=float(second), memory_bytes=int(MIB * max(second, 50)), descriptors=7, sockets=3, work=2.0 * second)
        for second in range(101)
    ]
    log = VitalsLog(pid=0, readings=readings)
    assert log.memory_slope_mib_per_h() == pytest.approx(3_600)
    assert log.memory_slope_bytes_per_work() == pytest.approx(MIB / 2)
    assert log.descriptor_slope_per_h() == 0
    assert log.peak_mib == 100

"""A hook that raises costs its own call and nothing else, and repeated faults rest for half a minute."""

from threading import Event
from typing import cast

import pytest

from hookflash.engine.plugins import PluginFault
from hookflash.sdk import EngineFacts, EventHeader
from tests.plugins.written import Folder, plugin

SEEN: dict[str, list[object]] = {}
WATCHER = """
from tests.plugins.test_guards import SEEN

@hookimpl{options}
def hookflash_event(event):
    SEEN.setdefault("{name}", []).append(event.position)
    {ending}
"""


@pytest.fixture(autouse=True)
def _nothing_seen() -> None:
    SEEN.clear()


def _event(position: int) -> EventHeader:
    return EventHeader(kind="ParticipantJoined", address="conversation:42", position=position, at=1.0)


def _write(folder: Folder, name: str, ending: str = "pass", options: str = "") -> None:
    folder.write(name, WATCHER.format(name=name, ending=ending, options=options))


def test_a_raising_watcher_stops_none_of_its_neighbours_and_rests_after_three_faults(folder: Folder) -> None:
    for name in ("a_before", "c_after"):
        _write(folder, name)
    _write(folder, "b_broken", ending="raise ValueError('broken')")
    host = folder.load()
    for position in range(10):
        host.publish(_event(position))
    assert host.wait_until_idle(5.0)
    expected = {"a_before": list(range(10)), "c_after": list(range(10)), "b_broken": [0, 1, 2]}
    assert expected == SEEN
    fault = PluginFault(plugin="b_broken", hook="hookflash_event", error="ValueError: broken", fallback="none")
    assert folder.faults == [fault] * 3
    assert [(one.name, one.faults, one.is_open) for one in host.plugins] == [
        ("a_before", 0, False),
        ("b_broken", 3, True),
        ("c_after", 0, False),
    ]


@pytest.mark.spec("F-23")
def test_an_open_breaker_lets_one_call_through_after_thirty_seconds_and_closes_when_it_went_well(
    folder: Folder,
) -> None:
    _write(folder, "moody", ending="assert not 3 <= event.position <= 6, 'no'")
    host = folder.load()

    def show(*positions: int) -> None:
        for position in positions:
            host.publish(_event(position))
        assert host.wait_until_idle(5.0)

    show(1, 2, 3, 4, 5, 6)
    assert plugin(host, "moody").is_open
    folder.clock.now += 29.9
    show(20)
    assert SEEN["moody"] == [1, 2, 3, 4, 5]
    folder.clock.now += 0.1
    show(6, 21)  # The trial fails: open again at once.
    assert SEEN["moody"] == [1, 2, 3, 4, 5, 6]
    folder.clock.now += 30
    show(22, 23)
    assert SEEN["moody"] == [1, 2, 3, 4, 5, 6, 22, 23]
    assert (plugin(host, "moody").faults, plugin(host, "moody").is_open) == (4, False)


@pytest.mark.parametrize("error", ["SystemExit", "KeyboardInterrupt", "BaseException"])
def test_a_watcher_that_wants_to_end_the_program_ends_nothing(error: str, folder: Folder) -> None:
    _write(folder, "a_first")
    _write(folder, "b_exits", ending=f"raise {error}")
    host = folder.load()
    host.publish(_event(1))
    host.publish(_event(2))
    assert host.wait_until_idle(5.0)
    assert SEEN == {"a_first": [1, 2], "b_exits": [1, 2]}
    assert plugin(host, "b_exits").faults == 2


def test_a_watcher_that_is_too_slow_misses_the_oldest_events_and_the_loss_is_counted(folder: Folder) -> None:
    _write(folder, "slow", ending="SEEN['started'][0].set(); SEEN['gate'][0].wait(5)")
    started, gate = Event(), Event()
    SEEN["started"], SEEN["gate"] = [started], [gate]
    host = folder.load()
    host.publish(_event(0))
    assert started.wait(5)
    for position in range(1, 1_011):
        host.publish(_event(position))
    gate.set()
    assert host.wait_until_idle(5.0)
    assert host.events_dropped == 10
    assert SEEN["slow"] == [0, *range(11, 1_011)]


def test_nothing_is_buffered_when_nobody_watches(folder: Folder) -> None:
    host = folder.load()
    for position in range(2_000):
        host.publish(_event(position))
    assert host.events_dropped == 0


def test_start_and_stop_are_told_to_everybody_with_the_arguments_he_asks_for(folder: Folder) -> None:
    body = """
    from tests.plugins.test_guards import SEEN

    @hookimpl
    def hookflash_engine_started(engine):
        SEEN.setdefault("{name}", []).append((engine.version, engine.channels))
        {ending}

    @hookimpl
    def hookflash_engine_stopping(deadline):
        SEEN["{name}"].append(deadline)
    """
    folder.write("a_broken", body.format(name="a_broken", ending="raise OSError"))
    folder.write("b_fine", body.format(name="b_fine", ending="pass"))
    host = folder.load()
    host.engine_started(EngineFacts(version="1.2.3", channels=()))
    host.engine_stopping("drained", 130.0)
    assert SEEN == {"a_broken": [("1.2.3", ()), 130.0], "b_fine": [("1.2.3", ()), 130.0]}
    assert [fault.plugin for fault in folder.faults] == ["a_broken"]


def test_the_plugin_loaded_last_is_called_first_as_pluggy_has_it_unless_one_asks_otherwise(folder: Folder) -> None:
    for name, options in (("a", ""), ("b", "(trylast=True)"), ("c", "(tryfirst=True)"), ("d", "")):
        _write(folder, name, ending=f"SEEN.setdefault('order', []).append('{name}')", options=options)
    host = folder.load()
    host.publish(_event(1))
    assert host.wait_until_idle(5.0)
    assert cast("list[str]", SEEN["order"]) == ["c", "d", "a", "b"]


def test_after_stop_no_event_is_shown(folder: Folder) -> None:
    _write(folder, "watcher")
    host = folder.load()
    host.publish(_event(1))
    host.stop(timeout_s=5.0)
    host.publish(_event(2))
    assert SEEN == {"watcher": [1]}


def test_faults_that_are_not_in_a_row_open_nothing(folder: Folder) -> None:
    _write(folder, "moody", ending="assert event.position % 3 == 0, 'no'")
    host = folder.load()
    for position in range(12):
        host.publish(_event(position))
    assert host.wait_until_idle(5.0)
    assert SEEN["moody"] == list(range(12))
    assert (plugin(host, "moody").faults, plugin(host, "moody").is_open) == (8, False)


def test_a_plugin_that_was_not_loaded_is_never_called(folder: Folder) -> None:
    _write(folder, "half")
    file = folder.path / "half.py"
    register = "\n@hookimpl\ndef hookflash_register(registry):\n    raise ValueError\n"
    file.write_text(file.read_text(encoding="utf-8") + register, encoding="utf-8")
    host = folder.load()
    host.publish(_event(1))
    assert host.wait_until_idle(5.0)
    assert not SEEN
    assert plugin(host, "half").state == "failed"

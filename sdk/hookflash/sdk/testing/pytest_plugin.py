"""What pytest knows of the contracts wherever hookflash is installed: their levels, and telling asserts.

With `--hookflash-report FILE` it writes how each contract test ended, which is what `hookflash plugin check` reads.
"""

import json
from pathlib import Path

import pytest

# Before the contracts are imported, so that a failing one shows both sides of its comparison.
pytest.register_assert_rewrite("hookflash.sdk.testing")

_MARK = "hookflash_level"
_OPTION = "--hookflash-report"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Know where the report goes."""
    parser.addoption(_OPTION, default=None, help="write how each contract test ended to this file, as JSON")


def pytest_configure(config: pytest.Config) -> None:
    """Know the mark, and report where that is asked for."""
    config.addinivalue_line("markers", f"{_MARK}(level): the level of a hookflash contract that this test belongs to")
    path = config.getoption(_OPTION)
    if path is not None:
        config.pluginmanager.register(_Report(Path(path)))


class _Report:
    """Collects outcomes, and writes them at the end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._levels: dict[str, str] = {}
        self._ended: dict[str, dict[str, str]] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Note each test's level."""
        for item in items:
            mark = item.get_closest_marker(_MARK)
            if mark is not None and mark.args:
                self._levels[item.nodeid] = str(mark.args[0])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how a test ended: a failed set-up or end counts as the test's."""
        if report.when != "call" and report.outcome == "passed":
            return
        before = self._ended.get(report.nodeid)
        if before is not None and before["outcome"] == "failed":
            return
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        self._ended[report.nodeid] = {"outcome": report.outcome, "reason": reason.removeprefix("Skipped: ")}

    def pytest_sessionfinish(self) -> None:
        """Write the report."""
        ended = [
            {"test": test, "level": self._levels.get(test, ""), **how} for test, how in sorted(self._ended.items())
        ]
        self._path.write_text(json.dumps(ended), encoding="utf-8")

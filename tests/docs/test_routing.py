"""The page about routing: its examples run as they stand, and its table is the strategies that there are."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hookflash.engine.plugins import PluginHost, PluginSettings, PluginState
from hookflash.sdk import AgentId, AgentView
from hookflash.sdk.routing import Offer, options_of
from hookflash.sdk.testing import StrategyContract
from tests.plugins.deciding import decide
from tests.plugins.written import Clock

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "routing.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[PluginHost]:
    for block in BLOCKS[:2]:
        name = re.findall(r'name = "(\w+)"', block)[0]
        (tmp_path / f"{name}.py").write_text(block, encoding="utf-8")
    made = PluginHost.load(PluginSettings(plugins_dir=tmp_path), Clock())
    yield made
    made.stop(timeout_s=1.0)


def test_a_strategy_of_ten_lines_in_the_plugins_folder_routes(host: PluginHost) -> None:
    assert len([line for line in BLOCKS[0].splitlines() if line.strip()]) <= 10
    assert {plugin.name: plugin.state for plugin in host.plugins}["senior_first"] is PluginState.LOADED
    loaded = host.strategy("senior_first")
    assert loaded is not None
    pool = [AgentView(id=AgentId("ann")), AgentView(id=AgentId("bob"), attributes={"seniority": 3})]
    assert decide(loaded.strategy, pool) == Offer(agents=(AgentId("bob"),))


def test_a_filter_of_the_page_asks_the_trained_in_turn(host: PluginHost) -> None:
    loaded = host.strategy("trained")
    assert loaded is not None
    pool = [AgentView(id=AgentId(f"a{n}"), place=n, attributes={"trained": n % 2}) for n in range(4)]
    assert decide(loaded.strategy, pool, cursor=1) == Offer(agents=(AgentId("a3"),), cursor=3)


def test_the_contract_of_the_page_is_kept_by_its_strategy(host: PluginHost) -> None:
    loaded = host.strategy("senior_first")
    assert loaded is not None
    scope: dict[str, type[StrategyContract]] = {}
    exec(BLOCKS[2], scope)  # noqa: S102 - the page's own example
    contract = scope["TestSeniorFirst"]()
    tests = [name for name in dir(contract) if name.startswith("test_")]
    assert len(tests) >= 5
    for name in tests:
        getattr(contract, name)(loaded.strategy)


def test_the_table_has_every_bundled_strategy_with_its_options(host: PluginHost) -> None:
    rows = dict(re.findall(r"^\| `(\w+)`[^|]*\|[^|]*\|([^|]*)\|", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE))
    bundled = {name for name in host.strategy_names if (found := host.strategy(name)) is not None and found.is_bundled}
    assert set(rows) == bundled
    for name in bundled - {"least_proficient"}:  # Its options are "as above".
        loaded = host.strategy(name)
        assert loaded is not None
        declared = options_of(type(loaded.strategy))
        named = set(re.findall(r"`(\w+)`", rows[name]))
        assert set(declared.__dataclass_fields__ if declared else ()) <= named, name

"""Every scenario at both levels: on the engine in this process, and over gRPC against a real server process."""

from collections.abc import Iterator
from itertools import count

import pytest

from . import conferences, decisions, faults, leaving, offers, refusals, transfers
from .engine_driver import open_engine
from .server_driver import open_server
from .server_process import Servers
from .stage import SCENARIOS, Scenario, Stage

DESCRIBED = (conferences, decisions, faults, leaving, offers, refusals, transfers)
"""The files of descriptions; importing them is what fills SCENARIOS."""

_tags = count(1)
_each = pytest.mark.parametrize(
    "described",
    [pytest.param(s, id=f"{s.id}-{s.play.__name__}", marks=pytest.mark.spec(*s.spec)) for s in SCENARIOS],
)


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    running = Servers()
    yield running
    running.close()


@pytest.mark.spec("A-28", "R-G12", "I14")
async def test_an_adapter_may_not_do_what_agents_do_and_each_try_is_audited(servers: Servers) -> None:
    """Roles are judged by the server alone, so this part of A-28 has one level."""
    server = servers.with_limits({})
    async with open_server(server) as driver:
        stage = Stage(driver, f"t{next(_tags)}")
        await stage.given_agents("ann", "bob")
        await stage.given_conversation("ann", "bob")
        before = (server.data / "audit.log").read_text(encoding="utf-8").count("ROLE_NOT_ALLOWED")
        for attempt in (driver.transfer_as_adapter, driver.whisper_as_adapter):
            async with stage.refused("ROLE_NOT_ALLOWED"):
                await attempt(stage.whole("web"), stage.identifier("v"), stage.whole("ann"))
        after = (server.data / "audit.log").read_text(encoding="utf-8").count("ROLE_NOT_ALLOWED")
        assert after == before + 2
        await stage.finish()


@_each
async def test_engine(described: Scenario) -> None:
    async with open_engine(described.limits) as driver:
        await _play(described, Stage(driver, f"t{next(_tags)}"))


@_each
async def test_server(described: Scenario, servers: Servers) -> None:
    async with open_server(servers.with_limits(described.limits)) as driver:
        await _play(described, Stage(driver, f"t{next(_tags)}"))


async def _play(described: Scenario, stage: Stage) -> None:
    try:
        await described.play(stage)
    finally:
        await stage.finish()  # The server goes on to the next scenario, also after one that failed.

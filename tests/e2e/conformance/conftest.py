"""Two servers that the suite shares: one with the defaults, one in a hurry. Each test has a centre of its own."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.conformance.centre import Centre
from tests.e2e.conformance.outside import Caller, World
from tests.e2e.server_process import ServerProcess, running

HURRY: Final = """
[engine]
offer_timeout_s = 0.5
ttl_s = 2
reoffer_pause_s = 0.2
disconnect_grace_s = 0.6
delivery_timeout_s = 0.8
agents_per_conversation_max = 3
transfers_per_conversation_max = 2
waiting_max = 2
"""


@contextmanager
def _admin_of(server: ServerProcess) -> Iterator[Caller]:
    with closing(World(server.address)) as world:
        yield world.caller(server.admin_token)


@pytest.fixture(scope="session")
def calm_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    with running(tmp_path_factory.mktemp("calm") / "data") as server, _admin_of(server) as admin:
        yield admin


@pytest.fixture(scope="session")
def hurried_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    folder: Path = tmp_path_factory.mktemp("hurried")
    settings = folder / "hookflash.toml"
    settings.write_text(HURRY, encoding="utf-8")
    with running(folder / "data", arguments=("-c", settings)) as server, _admin_of(server) as admin:
        yield admin


@pytest.fixture
def centre(calm_server: Caller) -> Iterator[Centre]:
    """A centre on the server with the defaults."""
    made = Centre(calm_server.world, calm_server)
    yield made
    made.close()


@pytest.fixture
def hurried(hurried_server: Caller) -> Iterator[Centre]:
    """A centre on the server whose offers, ttl and pauses are short."""
    made = Centre(hurried_server.world, hurried_server)
    yield made
    made.close()

"""Processes of the server that end are started again, and an admin is told how often that was."""

import os
import signal
from pathlib import Path
from time import monotonic
from typing import Any, Final

import pytest

from tests.e2e.calling import Refused, Site, site_on
from tests.e2e.server_process import running

PATIENCE_S: Final = 60.0


def _server(site: Site, until: float) -> Any:  # noqa: ANN401  the API's Server
    """How the server is, asked until there is an answer: who was connected is cut off."""
    while True:
        try:
            return site.admin.call("AdminService/GetServer")
        except Refused as refused:
            if refused.code != "UNAVAILABLE" or monotonic() > until:
                raise


@pytest.mark.parametrize(
    ("process", "field"),
    [(b"hookflash.engine.front.process", "front_restarts"), (b"hookflash.engine.views.following", "views_restarts")],
)
def test_a_process_that_was_killed_is_back_and_was_counted(tmp_path: Path, process: bytes, field: str) -> None:
    with running(tmp_path / "data") as server, site_on(server) as site:
        (killed,) = server.children(process)
        os.kill(killed, signal.SIGKILL)
        until = monotonic() + PATIENCE_S
        while not getattr(_server(site, until), field):
            assert monotonic() < until, "it was not started again"
        told = _server(site, until)
        assert (told.front_restarts + told.views_restarts, getattr(told, field)) == (1, 1)
        assert server.terminate() == 0

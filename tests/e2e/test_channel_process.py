"""An adapter with `isolation = "process"`: the server runs it outside of itself, and again whatever ends it."""

import os
import signal
from pathlib import Path
from textwrap import dedent
from time import monotonic
from typing import Final

import pytest

from hookflash.v1 import channel_pb2
from tests.e2e.calling import Site, site_on
from tests.e2e.server_process import running

SETTINGS: Final = dedent("""
    [plugins.console]
    isolation = "process"
""")
OWN: Final = dedent("""
    from hookflash.sdk import *
    from hookflash.sdk import hookimpl

    SDK_API = ">=1.0,<2"

    class Fax(PullChannel):
        kind = "fax"

        async def send(self, delivery):
            return "1"

        async def poll(self):
            to = CustomerAddress(channel=self.context.channel, id="carl")
            said = Text(text="hello")
            yield Inbound(dedupe_key="1", address=to, content=said, at=self.context.clock(), external_id="1")
            await self.context.sleep(1e6)

    @hookimpl
    def hookflash_register(registry):
        registry.channel(Fax)
""")
ADAPTER: Final = b"\0channel\0run\0"
PATIENCE_S: Final = 60.0
_ENDED: Final = "The process of its adapter was ended by signal 9, and is started again after 1 s."
_BETWEEN: Final = ((channel_pb2.CHANNEL_STATE_FAILED, _ENDED), (channel_pb2.CHANNEL_STATE_STARTING, _ENDED))


def _status(site: Site) -> channel_pb2.ChannelStatus:
    status: channel_pb2.ChannelStatus = site.admin.call("AdminService/GetServer").channels[0].status
    return status


def _applied(site: Site, folder: Path) -> None:
    script = folder / "script"
    script.write_text("carl> hello\n", encoding="utf-8")
    channel = channel_pb2.Channel(
        name="channels/shop", kind="console", queue="queues/billing", settings={"script": str(script)}
    )
    site.admin.call("AdminService/Apply", channels=[channel])


@pytest.mark.slow
def test_the_server_runs_the_adapter_outside_and_again_after_it_was_killed(tmp_path: Path) -> None:
    file = tmp_path / "hookflash.toml"
    file.write_text(SETTINGS, encoding="utf-8")
    with running(tmp_path / "data", arguments=("-c", file)) as server, site_on(server) as site:
        _applied(site, tmp_path)
        site.attach("ann")
        assert site.accepted("ann").channel == "channels/shop"
        assert _status(site).state == channel_pb2.CHANNEL_STATE_RUNNING
        (first,) = server.children(ADAPTER)
        os.kill(first, signal.SIGKILL)
        until = monotonic() + PATIENCE_S
        while (now := server.children(ADAPTER)) in ([], [first]):
            assert monotonic() < until, "it was not started again"
        assert len(now) == 1
        while (status := _status(site)).state != channel_pb2.CHANNEL_STATE_RUNNING:
            assert (status.state, status.reason) in _BETWEEN, "it is not told what became of it"
            assert monotonic() < until, "it does not read its Deliveries again"
        faults = site.admin.call("EventService/ListEvents", filter="type = PluginFault").events
        assert [(event.payload["plugin"], event.payload["hook"], event.payload["error"]) for event in faults] == [
            ("console", "channels/shop process", "was ended by signal 9")
        ]
        tokens = site.admin.call("AdminService/ListTokens").tokens
        assert [token.channel for token in tokens if token.subject == "channels/shop"] == ["channels/shop"]
        assert server.terminate() == 0
    assert not list((tmp_path / "data").glob("channel-*.token")), "a token is gone with its process"


def test_the_adapters_process_ends_with_a_server_that_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "hookflash.toml"
    file.write_text(SETTINGS, encoding="utf-8")
    with running(tmp_path / "data", arguments=("-c", file)) as server, site_on(server) as site:
        _applied(site, tmp_path)
        site.attach("ann")
        site.accepted("ann")
        assert len(server.children(ADAPTER)) == 1
        server.kill()  # It waits for what ends with the server, and fails where something does not.


def test_an_adapter_whose_plugin_is_a_file_is_run_outside_like_any(tmp_path: Path) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "own.py").write_text(OWN, encoding="utf-8")
    file = tmp_path / "hookflash.toml"
    own = f'[plugins]\nplugins_dir = "{tmp_path}/plugins"\n\n[plugins.own]\nisolation = "process"\n'
    file.write_text(own, encoding="utf-8")
    with running(tmp_path / "data", arguments=("-c", file)) as server, site_on(server) as site:
        channel = channel_pb2.Channel(name="channels/fax", kind="fax", queue="queues/billing")
        site.admin.call("AdminService/Apply", channels=[channel])
        site.attach("ann")
        assert site.accepted("ann").channel == "channels/fax"
        assert server.terminate() == 0

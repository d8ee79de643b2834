"""A sink for agents hears whispers: it is loaded where an admin has granted that, and nowhere else."""

from pathlib import Path

import pytest

from hookflash.engine.plugins import PluginState
from hookflash.sdk.sinks import Audience
from tests.plugins.written import Folder, plugin

SINK = """
    class Everything:
        name = "everything"
        audience = Audience.{audience}

        async def deliver(self, batch):
            return Ack()

    @hookimpl
    def hookflash_register(registry):
        registry.sink(Everything())
"""


@pytest.mark.spec("I7", "R-W3")
def test_a_sink_for_agents_is_refused_unless_it_is_granted(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write("plug", SINK.format(audience="AGENTS"))
    for table in ({}, {"grant_agents": False}):
        host = folder.load(tables={"plug": table})
        found = plugin(host, "plug")
        assert (found.state, host.sinks) == (PluginState.FAILED, ())
        assert "grant_agents = true" in found.reason
    host = folder.load(tables={"plug": {"grant_agents": True}})
    (loaded,) = host.sinks
    assert (plugin(host, "plug").state, loaded.plugin, loaded.sink.audience) == (
        PluginState.LOADED,
        "plug",
        Audience.AGENTS,
    )


def test_a_grant_is_true_or_false(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write("plug", SINK.format(audience="AGENTS"))
    found = plugin(folder.load(tables={"plug": {"grant_agents": "yes"}}), "plug")
    assert (found.state, "must be true or false, not 'yes'" in found.reason) == (PluginState.FAILED, True)


def test_a_sink_for_customers_needs_no_grant_and_is_known_by_its_settings(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write("plug", SINK.format(audience="CUSTOMER"))
    (first,) = folder.load().sinks
    (second,) = folder.load(tables={"plug": {}}).sinks
    (third,) = folder.load(tables={"plug": {"grant_agents": True}}).sinks
    assert first.settings_digest == second.settings_digest != third.settings_digest

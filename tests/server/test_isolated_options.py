"""What is told to a plugin in a process of its own is checked there, before it is applied; unread it is not applied."""

from pathlib import Path

import pytest

from hookflash.engine.plugins.isolated import process
from hookflash.engine.settings import PluginSettings
from hookflash.v1 import channel_pb2, queue_pb2
from tests.server.serving import Refused, Serving, serving

PLUGIN = """
import os
from dataclasses import dataclass
from hookflash.sdk import *
from hookflash.sdk import hookimpl

SDK_API = ">=1.0,<2"

@dataclass(frozen=True, kw_only=True)
class TunedOptions:
    by: int = 1

    def __post_init__(self):
        if self.by == 13:
            os._exit(1)
        if self.by > 9:
            raise ValueError("setting 'by' must be at most 9")

class Tuned:
    name = "tuned"
    Options = TunedOptions

    def order(self, agent, queue):
        return (agent.place,)

@dataclass(frozen=True, kw_only=True)
class FaxConfig:
    token: Secret | None = None
    pages: int = 1

    def __post_init__(self):
        if self.pages == 13:
            os._exit(1)

class Fax(PullChannel):
    kind = "fax"
    Config = FaxConfig

    async def send(self, delivery):
        return "1"

    async def poll(self):
        return
        yield

@hookimpl
def hookflash_register(registry):
    registry.strategy(Tuned)
    registry.channel(Fax)
"""


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that runs many tests at once does not answer within 50 ms."""
    monkeypatch.setattr(process, "ANSWER_S", 10.0)


@pytest.fixture
def plugins(tmp_path: Path) -> PluginSettings:
    (tmp_path / "apart.py").write_text(PLUGIN, encoding="utf-8")
    return PluginSettings(plugins_dir=tmp_path, tables={"apart": {"isolation": "process"}})


async def _apply(served: Serving, *, name: str = "First", **options: str) -> None:
    queue = queue_pb2.Queue(name="queues/own", strategy="tuned", strategy_options=options)
    first = queue_pb2.Queue(name="queues/first", display_name=name)
    await served.admin.call("AdminService/Apply", queues=[first, queue])


async def _apply_channel(served: Serving, **settings: str) -> None:
    """What is right is not applied but checked: it would be served."""
    channel = channel_pb2.Channel(name="channels/fax", kind="fax", settings=settings)
    await served.admin.call("AdminService/Apply", channels=[channel], validate_only=True)


async def _queues(served: Serving) -> dict[str, tuple[str, dict[str, str]]]:
    exported = await served.admin.call("AdminService/Export")
    return {queue.name: (queue.display_name, dict(queue.strategy_options)) for queue in exported.queues}


async def test_options_that_an_isolated_strategy_cannot_use_are_refused_in_its_own_words(
    tmp_path: Path, plugins: PluginSettings
) -> None:
    async with serving(tmp_path / "data", plugins=plugins) as served:
        await _apply(served, by="2", rank_by="")
        for wrong, words in (({"by": "10"}, "at most 9"), ({"colour": "red"}, "colour")):
            with pytest.raises(Refused, match=words) as refused:
                await _apply(served, **wrong)
            assert refused.value.reason == "INVALID_SETTING"
        assert served.engine.plugins.guard.faults == {}


async def test_settings_that_an_isolated_adapter_cannot_use_are_refused_and_a_secret_among_them_not_repeated(
    tmp_path: Path, plugins: PluginSettings
) -> None:
    async with serving(tmp_path / "data", plugins=plugins) as served:
        await _apply_channel(served, pages="2", token="env:NOWHERE")  # noqa: S106 - where it is, not what
        for wrong, words in (({"page": "2"}, "did you mean 'pages'"), ({"token": "hunter2"}, "is secret: give env:")):
            with pytest.raises(Refused, match=words) as refused:
                await _apply_channel(served, **wrong)
            assert refused.value.reason == "INVALID_SETTING"
            assert "hunter2" not in refused.value.sentence
        (plugin,) = [each for each in served.engine.plugins.plugins if each.name == "apart"]
        assert plugin.objects == ("channel fax", "strategy tuned")


async def test_what_its_process_cannot_be_asked_about_is_refused_for_now_and_what_does_not_change_is_applied(
    tmp_path: Path, plugins: PluginSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "BACKOFF_S", 3_600.0)
    async with serving(tmp_path / "data", plugins=plugins) as served:
        await _apply(served, by="2")
        for attempt in (_apply(served, by="13", name="Renamed"), _apply_channel(served, pages="13")):
            with pytest.raises(Refused, match="checked by the plugin apart, whose process gives no answer") as refused:
                await attempt
            assert (refused.value.code, refused.value.reason) == ("UNAVAILABLE", "PLUGIN_UNAVAILABLE")
            assert refused.value.retry is not None
            assert refused.value.bad_request is not None
        assert await _queues(served) == {"queues/first": ("First", {}), "queues/own": ("", {"by": "2"})}
        assert dict(served.engine.plugins.guard.faults) == {
            ("apart", "strategy tuned options"): 1,
            ("apart", "channel fax settings"): 1,
        }
        # Twice in a row: it is started again after a while only, and not asked until then.
        with pytest.raises(Refused, match="gives no answer now"):
            await _apply(served, by="3", name="Renamed")
        await _apply(served, by="2", name="Renamed")
        assert await _queues(served) == {"queues/first": ("Renamed", {}), "queues/own": ("", {"by": "2"})}


async def test_what_was_refused_for_want_of_an_answer_is_applied_when_its_process_is_back(
    tmp_path: Path, plugins: PluginSettings
) -> None:
    async with serving(tmp_path / "data", plugins=plugins) as served:
        with pytest.raises(Refused, match="gives no answer now"):
            await _apply(served, by="13")
        await _apply(served, by="3")  # It was started again at once, and has all the time that the tests give it.
        assert (await _queues(served))["queues/own"] == ("", {"by": "3"})

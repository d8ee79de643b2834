"""What a queue tells a strategy in a process of its own is checked there, before it is applied."""

from pathlib import Path

import pytest

from hookflash.engine.plugins.isolated import process
from hookflash.engine.settings import PluginSettings
from hookflash.v1 import queue_pb2
from tests.server.serving import Refused, Serving, serving

PLUGIN = """
from dataclasses import dataclass
from hookflash.sdk import *
from hookflash.sdk import hookimpl

SDK_API = ">=1.0,<2"

@dataclass(frozen=True, kw_only=True)
class TunedOptions:
    by: int = 1

    def __post_init__(self):
        if self.by == 13:
            import os
            os._exit(1)
        if self.by > 9:
            raise ValueError("setting 'by' must be at most 9")

class Tuned:
    name = "tuned"
    Options = TunedOptions

    def order(self, agent, queue):
        return (agent.place,)

@hookimpl
def hookflash_register(registry):
    registry.strategy(Tuned)
"""


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that runs many tests at once does not answer within 50 ms."""
    monkeypatch.setattr(process, "ANSWER_S", 10.0)


async def _apply(served: Serving, **options: str) -> None:
    queue = queue_pb2.Queue(name="queues/own", strategy="tuned", strategy_options=options)
    await served.admin.call("AdminService/Apply", queues=[queue_pb2.Queue(name="queues/first"), queue])


async def test_options_that_an_isolated_strategy_cannot_use_are_refused_in_its_own_words(tmp_path: Path) -> None:
    (tmp_path / "apart.py").write_text(PLUGIN, encoding="utf-8")
    plugins = PluginSettings(plugins_dir=tmp_path, tables={"apart": {"isolation": "process"}})
    async with serving(tmp_path / "data", plugins=plugins) as served:
        await _apply(served, by="2", rank_by="")
        for wrong, words in (({"by": "10"}, "at most 9"), ({"colour": "red"}, "colour")):
            with pytest.raises(Refused, match=words) as refused:
                await _apply(served, **wrong)
            assert refused.value.reason == "INVALID_SETTING"
        assert served.engine.plugins.guard.faults == {}
        # Its process is gone in the middle of the question: a fault of its own, and nobody else's trouble.
        await _apply(served, by="13")
        assert dict(served.engine.plugins.guard.faults) == {("apart", "strategy tuned options"): 1}

"""Text filters written by tests: one that redacts, and one for each way to misbehave."""

from pathlib import Path
from threading import Event

from hookflash.engine.settings import PluginSettings

__all__ = ["GATE", "HAS_LEFT", "INSIDE", "LEFT", "SECRET_WORD", "SINK", "with_filters"]

SECRET_WORD = "swordfish"  # noqa: S105  a word that filters look for
LEFT: list[str] = []
"""What left through the sink of `SINK`, and HAS_LEFT says that something did."""

HAS_LEFT = Event()
GATE, INSIDE = Event(), Event()
"""A filter that blocks says so by INSIDE and waits for GATE."""

HEAD = """
from hookflash.sdk import FilterStage, Passed, Redacted, hookimpl
from hookflash.sdk.filters import Blocked
from tests.server.filtering import GATE, INSIDE

SDK_API = ">=1.0,<2"

class Filter:
    name = "{name}"
    def apply(self, text, context):
        {body}

async def later():
    return Passed()

@hookimpl
def hookflash_register(registry):
    for stage in {stages}:
        registry.filter(Filter(), stage=stage)
"""
SINK = """
from hookflash.sdk import Ack, Audience, hookimpl
from tests.server.filtering import HAS_LEFT, LEFT

SDK_API = ">=1.0,<2"

class Sink:
    name = "left"
    audience = Audience.CUSTOMER
    async def deliver(self, batch):
        LEFT.extend(said.content.text for said in batch)
        HAS_LEFT.set()
        return Ack()

@hookimpl
def hookflash_register(registry):
    registry.sink(Sink())
"""
STAGES = ("inbound", "outbound", "note", "whisper", "export")


def with_filters(folder: Path, *filters: tuple[str, str], stages: tuple[str, ...] = STAGES) -> PluginSettings:
    """A folder of plugins, each with one filter of that name and body, at those stages."""
    folder.mkdir(exist_ok=True)
    for name, body in filters:
        text = HEAD.format(name=name, body=body, stages=stages)
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return PluginSettings(plugins_dir=folder)

"""What the channels' pages tell an admin to apply is read, fits, and names every setting that there is."""

from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from hookflash.cli.site_file import read_site
from hookflash.engine.domain.address import SITE
from hookflash.engine.domain.commands import Apply
from hookflash.engine.domain.values import ChannelSettings, QueueSettings
from hookflash.engine.edge.adapter_host import ChannelState
from hookflash.engine.plugins import PluginHost, PluginSettings
from hookflash.sdk import ChannelAdapter, problems
from hookflash.sdk.config import secrets_of
from hookflash.sdk.types import ChannelId, QueueId
from tests.actors.running import running
from tests.plugins.written import Clock

PAGES = sorted((Path(__file__).parents[2] / "docs" / "channels").glob("*.md"))
HOST = PluginHost.load(PluginSettings(), Clock())


def _example(page: Path) -> str:
    return page.read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]


def _channels(page: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(_example(page))["channels"]
    return found


def _adapter(kind: str) -> type[ChannelAdapter]:
    adapter = HOST.channel_adapter(kind)
    assert adapter is not None, kind
    return adapter


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_example_is_a_site_that_an_admin_can_apply(page: Path) -> None:
    request = read_site(_example(page), page.name)
    assert [channel.name for channel in request.channels] == [channel["name"] for channel in _channels(page)]
    for channel in request.channels:
        assert problems(_adapter(channel.kind).Config, dict(channel.settings)) == ()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_page_names_every_setting_and_what_holds_without_it(page: Path) -> None:
    rows = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    known = {name: row.rsplit("|", 2)[1].strip() for row in rows for name in row.split("|")[1].split("`")[1::2]}
    for channel in _channels(page):
        for field in fields(_adapter(channel["kind"]).Config):
            assert field.name in known
            if field.default is MISSING and field.default_factory is MISSING:
                assert known[field.name] == "required", field.name


@pytest.mark.parametrize("name", ["messenger", "whatsapp"])
async def test_what_the_page_says_starts_the_channel(name: str, tmp_path: Path) -> None:
    """Started as written, but for where the secrets' files lie. Starting calls nobody."""
    (page,) = (page for page in PAGES if page.stem == name)
    async with running() as run:
        for channel in _channels(page):
            settings = dict(channel["settings"])
            for secret in secrets_of(_adapter(channel["kind"]).Config):
                file = tmp_path / Path(settings[secret].removeprefix("file:")).name
                file.write_text("secret", encoding="utf-8")
                file.chmod(0o600)
                settings[secret] = f"file:{file}"
            queue = QueueId(channel["queue"].removeprefix("queues/"))
            identifier = ChannelId(channel["name"].removeprefix("channels/"))
            applied = ChannelSettings(id=identifier, kind=channel["kind"], queue=queue, settings=settings)
            await run.run(SITE, Apply(queues=(QueueSettings(id=queue),), channels=(applied,)))
            await run.engine.adapters.wait_until_settled()
            assert run.engine.adapters.reports[identifier].state is ChannelState.RUNNING

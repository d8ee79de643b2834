"""An admin sees of every channel how it is doing, what is wrong with it and since when; and no secret of an adapter."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from hookflash.engine.settings import PluginSettings
from hookflash.v1 import channel_pb2
from tests.server.serving import BILLING, Serving, serving

PLUGIN = """
from hookflash.sdk import hookimpl
from hookflash.sdk.channel import PullChannel
from hookflash.sdk.errors import AuthExpired

SDK_API = ">=1.0,<2"

class Own(PullChannel):
    async def poll(self):
        return
        yield

    async def send(self, delivery):
        raise AuthExpired("The token has expired.")

class Locked(Own):
    kind = "locked"

class Sulky(Own):
    kind = "sulky"

    async def start(self):
        raise ValueError("the password is hunter2")

class Refused(Own):
    kind = "refused"

    async def start(self):
        raise AuthExpired("the mailbox does not take user and password")

class Deaf(Own):
    kind = "deaf"

    async def poll(self):
        raise OSError("hunter2")
        yield

@hookimpl
def hookflash_register(registry):
    for each in (Locked, Sulky, Refused, Deaf):
        registry.channel(each)
"""
KINDS = ("deaf", "locked", "refused", "sulky")

Status = channel_pb2.ChannelStatus


async def _channels(served: Serving) -> dict[str, channel_pb2.Channel]:
    return {channel.name: channel for channel in (await served.admin.call("AdminService/GetServer")).channels}


async def _until(served: Serving, name: str, is_so: Callable[[Status], bool]) -> Status:
    async with asyncio.timeout(20):
        while True:
            status = (await _channels(served))[name].status
            if is_so(status):
                return status


async def _attended(served: Serving, channel: str) -> None:
    """Let ann join a customer, who is told so: one delivery."""
    ann = await served.agent("ann")
    async with ann.stream("AgentService/Attach") as desk:
        await desk.until("welcome")
        await served.ready(ann)
        kim = {"channel": channel, "address": "kim", "external_id": "m1"}
        await served.admin.call("ChannelService/Receive", text="hello", target=BILLING, **kim)
        made = await desk.until("offer_made")
        await ann.call("AgentService/AcceptOffer", name=made.offer.name)


def _state(status: Status) -> str:
    return channel_pb2.ChannelState.Name(status.state).removeprefix("CHANNEL_STATE_")


@pytest.fixture
def plugins(tmp_path: Path) -> PluginSettings:
    (tmp_path / "own.py").write_text(PLUGIN, encoding="utf-8")
    return PluginSettings(plugins_dir=tmp_path)


async def test_an_adapter_that_does_not_start_is_told_with_its_reason_and_without_words_that_may_be_secret(
    tmp_path: Path, plugins: PluginSettings
) -> None:
    async with serving(tmp_path / "data", plugins=plugins) as served:
        channels = [channel_pb2.Channel(name=f"channels/{kind}", kind=kind) for kind in KINDS]
        await served.admin.call("AdminService/Apply", channels=channels)
        await served.engine.adapters.wait_until_settled()
        began = served.clock.now()
        found = await _channels(served)
        again = "It is started when the channel is applied anew or the engine starts."
        assert {name: (_state(each.status), each.status.reason) for name, each in found.items()} == {
            "channels/deaf": (
                "FAILING",
                "It is served, but asking its provider for what came in failed once: OSError.",
            ),
            "channels/locked": ("RUNNING", ""),
            "channels/refused": (
                "FAILED",
                f"Its adapter did not start: the mailbox does not take user and password. {again}",
            ),
            "channels/sulky": ("FAILED", f"Its adapter did not start: ValueError. {again}"),
        }
        assert {each.status.since_time.ToSeconds() for each in found.values()} == {int(began)}
        exported = await served.admin.call("AdminService/Export")
        assert not any(channel.HasField("status") for channel in exported.channels), "Apply takes what Export gives"
        assert "hunter2" not in str(await served.admin.call("AdminService/GetServer"))


async def test_a_channel_whose_provider_refuses_the_account_is_paused_and_admins_hear_of_it(
    tmp_path: Path, plugins: PluginSettings
) -> None:
    async with serving(tmp_path / "data", plugins=plugins) as served:
        await served.site("ann")
        channel = channel_pb2.Channel(name="channels/sms", kind="locked")
        await served.admin.call("AdminService/Apply", channels=[channel])
        await served.engine.adapters.wait_until_settled()
        served.clock.advance(60)
        await _attended(served, "channels/sms")
        status = await _until(served, "channels/sms", lambda status: _state(status) == "PAUSED")
        assert status.reason == (
            "Nothing is sent, for its provider refuses the account: The token has expired."
            " It is tried again from time to time."
        )
        assert (status.since_time.ToSeconds(), status.unsettled_deliveries) == (int(served.clock.now()), 1)
        faults = (await served.admin.call("EventService/ListEvents", filter="type = PluginFault")).events
        assert [(each.payload["hook"], each.payload["error"]) for each in faults] == [
            ("channels/sms send", "The token has expired.")
        ]


async def test_of_a_channel_served_from_outside_it_is_told_whether_somebody_reads_it(tmp_path: Path) -> None:
    async with serving(tmp_path / "data") as served:
        await served.site("ann")
        await _attended(served, "channels/web")
        nobody = Status(
            state=channel_pb2.CHANNEL_STATE_DISCONNECTED,
            reason="It is served from outside, and nobody reads its Deliveries.",
            unsettled_deliveries=1,
        )
        assert (await _channels(served))["channels/web"].status == nobody
        served.clock.advance(5)
        async with served.admin.stream("ChannelService/Deliveries", channel="channels/web") as deliveries:
            await deliveries.next()
            status = (await _channels(served))["channels/web"].status
            assert (_state(status), status.reason) == ("CONNECTED", "")
            assert status.since_time.ToSeconds() == int(served.clock.now())
        served.clock.advance(5)
        left = await _until(served, "channels/web", lambda status: _state(status) == "DISCONNECTED")
        assert (left.reason, left.since_time.ToSeconds()) == (nobody.reason, int(served.clock.now()))


async def test_a_channel_of_a_kind_that_no_plugin_has_says_so(tmp_path: Path) -> None:
    async with serving(tmp_path / "data") as served:
        await served.admin.call(
            "AdminService/Apply", channels=[channel_pb2.Channel(name="channels/fax", kind="telefax")]
        )
        status = (await _channels(served))["channels/fax"].status
        assert (_state(status), status.reason) == (
            "DISCONNECTED",
            "No loaded plugin has an adapter of kind telefax, and nobody outside reads its Deliveries.",
        )

"""Signs to customers of a channel that is served from outside: told to who reads, recorded nowhere."""

import asyncio

import pytest

from hookflash.sdk.types import ChannelId, Role
from hookflash.v1 import target_pb2
from tests.server.outside import WEB, adapter, attended
from tests.server.serving import Refused, Serving, Stream


@pytest.mark.spec("I7")
async def test_signs_of_agents_go_out_to_who_reads_them_and_a_whisper_is_none(served: Serving) -> None:
    await served.site("ann", "bob")
    client = await adapter(served)
    ann, bob = await served.agent("ann"), await served.agent("bob")
    async with client.stream("ChannelService/Signs", channel="channels/web") as signs:
        await _open(served, signs)
        name = await attended(served, client)
        joined = await signs.next()
        assert (joined.address, list(joined.read.external_ids)) == ("kim", ["m1"])
        async with ann.stream("AgentService/Attach") as desk, bob.stream("AgentService/Attach") as second:
            await desk.until("welcome")
            await second.until("welcome")
            await served.ready(bob)
            await ann.call("ConversationService/Conference", name=name, target=target_pb2.Target(agent="agents/bob"))
            await bob.call("AgentService/AcceptOffer", name=(await second.until("offer_made")).offer.name)
            await client.call("ChannelService/Receive", external_id="m2", message_id="mid.2", text="and?", **WEB)
            await ann.call("ConversationService/Whisper", name=name, text="he is lying")
            await client.call("ChannelService/Receive", external_id="m3", message_id="mid.3", text="hello?", **WEB)
            await ann.call("ConversationService/Whisper", name=name, text="once more")
            position = served.engine.shard.last_position
            await ann.call("ConversationService/SendTyping", name=name, is_typing=True)
            read, typing = await signs.next(), await signs.next()
            assert list(read.read.external_ids) == ["mid.2", "mid.3"], "one sign: the whispers gave none"
            assert (typing.address, typing.is_typing, typing.HasField("read")) == ("kim", True, False)
            assert served.engine.shard.last_position == position, "nothing was recorded"
    with pytest.raises(Refused, match="message_id"):
        await client.call("ChannelService/Receive", external_id="m4", message_id="x" * 1_000, text="hi", **WEB)


async def test_a_second_reader_of_a_channels_signs_takes_over_and_another_channels_adapter_reads_none(
    served: Serving,
) -> None:
    await served.site("ann")
    client = await adapter(served)
    other = await served.client(Role.ADAPTER, "channels/other", channel="other")
    async with other.stream("ChannelService/Signs", channel="channels/web") as refused_stream:
        with pytest.raises(Refused) as refused:
            await refused_stream.next()
        assert refused.value.reason == "ROLE_NOT_ALLOWED"
    async with client.stream("ChannelService/Signs", channel="channels/web") as first:
        await _open(served, first)
        async with client.stream("ChannelService/Signs", channel="channels/web") as second:
            with pytest.raises(Refused) as refused:
                await first.next()
            assert (refused.value.code, refused.value.reason) == ("ABORTED", "TAKEN_OVER")
            ending = asyncio.ensure_future(served.server.drain())
            with pytest.raises(Refused) as refused:
                await second.next()
            assert refused.value.reason == "DRAINING"
            await ending


async def _open(served: Serving, signs: Stream) -> None:
    """Wait until that stream is read: nothing is kept for who comes later."""
    reading = asyncio.ensure_future(signs.next())
    while not reading.done():
        served.engine.sign_readers.show_typing(ChannelId("web"), "somebody", is_typing=True)
        await asyncio.wait((reading,), timeout=0.01)
    assert reading.result().address == "somebody"

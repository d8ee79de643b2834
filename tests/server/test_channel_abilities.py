"""What a channel carries that is served from outside, as its reader tells: the rest is refused to agents at once."""

import pytest
from google.protobuf.duration_pb2 import Duration

from hookflash.engine.domain.values import Abilities
from hookflash.sdk.types import ChannelId
from hookflash.v1 import channel_service_pb2 as pb
from hookflash.v1 import message_pb2
from tests.server.outside import WEB, adapter, attended
from tests.server.serving import Client, Refused, Serving

CHOICES = [message_pb2.MessageChoice(id="yes", title="Yes")]
CARRIED = pb.ChannelAbilities(rejected=[pb.CHANNEL_CONTENT_CHOICE], reply_window=Duration(seconds=3600))


async def _refused(ann: Client, name: str, **fields: object) -> str:
    with pytest.raises(Refused) as refused:
        await ann.call("ConversationService/SendMessage", name=name, text="Well?", **fields)
    return refused.value.reason


async def test_what_a_reader_says_it_does_not_carry_is_refused_until_the_next_reader_says_otherwise(
    served: Serving,
) -> None:
    await served.site("ann")
    client = await adapter(served)
    name = await attended(served, client)
    ann = await served.agent("ann")
    async with ann.stream("AgentService/Attach") as desk:
        await desk.until("welcome")
        async with client.stream("ChannelService/Deliveries", channel="channels/web", abilities=CARRIED) as reader:
            await reader.next()
            assert await _refused(ann, name, choices=CHOICES) == "CONTENT_NOT_SUPPORTED"
            await ann.call("ConversationService/SendMessage", name=name, text="Well?")
            served.clock.advance(3601)
            assert await _refused(ann, name) == "WINDOW_CLOSED"
        assert await _refused(ann, name) == "WINDOW_CLOSED", "it holds while nobody reads"
        await client.call("ChannelService/Receive", external_id="m2", text="back again", **WEB)
        await ann.call("ConversationService/SendMessage", name=name, text="Well?")
        served.clock.advance(3601)
        async with client.stream("ChannelService/Deliveries", channel="channels/web") as reader:
            await reader.next()
            await ann.call("ConversationService/SendMessage", name=name, text="Well?", choices=CHOICES)


@pytest.mark.parametrize(
    ("abilities", "reason"),
    [
        (pb.ChannelAbilities(rejected=[pb.CHANNEL_CONTENT_UNSPECIFIED]), "BAD_FIELD"),
        (pb.ChannelAbilities(reply_window=Duration(seconds=0)), "INVALID_SETTING"),
    ],
)
async def test_abilities_that_cannot_be_read_open_no_stream_and_change_nothing(
    served: Serving, abilities: pb.ChannelAbilities, reason: str
) -> None:
    await served.site()
    facts, before = served.engine.shard.facts, Abilities(rejected=frozenset({"file"}))
    facts.learn_abilities(ChannelId("web"), before)
    async with served.admin.stream("ChannelService/Deliveries", channel="channels/web", abilities=abilities) as reader:
        with pytest.raises(Refused) as refused:
            await reader.next()
    assert (refused.value.reason, facts.abilities(ChannelId("web"))) == (reason, before)

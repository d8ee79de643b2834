"""Adapters in any language: what they bring in, once, and what they take out, in order, until it is settled."""

from pathlib import Path

import pytest
from google.protobuf.duration_pb2 import Duration

from hookflash.v1 import channel_pb2
from tests.server.outside import WEB, adapter, attended
from tests.server.serving import Refused, Serving


@pytest.mark.spec("R-G10", "R-G8", "F-22")
async def test_a_message_opens_a_conversation_once_however_often_it_comes(served: Serving) -> None:
    await served.site()
    client = await adapter(served)
    first = await client.call("ChannelService/Receive", external_id="m1", text="hello", **WEB)
    again = await client.call("ChannelService/Receive", external_id="m1", text="hello", **WEB)
    more = await client.call("ChannelService/Receive", external_id="m2", text="hello", **WEB)
    assert (first.duplicate, again.duplicate, more.duplicate) == (False, True, False)
    assert first.conversation == again.conversation == more.conversation
    transcript = await client.call("ConversationService/GetTranscript", name=first.conversation)
    assert [(entry.sequence, entry.message.text) for entry in transcript.entries] == [(1, "hello"), (2, "hello")]


async def test_the_id_of_a_picked_choice_comes_with_its_title_to_whoever_reads_the_message(served: Serving) -> None:
    await served.site()
    client = await adapter(served)
    first = await client.call("ChannelService/Receive", external_id="m1", text="Cancel it", choice_id="cancel", **WEB)
    await client.call("ChannelService/Receive", external_id="m2", text="Yes", choice_id="sure", **WEB)
    timeline = await served.admin.call("ConversationService/ListTimeline", name=first.conversation)
    said = [entry.message for entry in timeline.entries if entry.WhichOneof("entry") == "message"]
    assert [(message.text, message.choice_id) for message in said] == [("Cancel it", "cancel"), ("Yes", "sure")]
    events = await served.admin.call("EventService/ListEvents", filter="type = MessageSent")
    assert [event.payload["choice_id"] for event in events.events] == ["cancel", "sure"]
    with pytest.raises(Refused, match="choice_id"):
        await client.call("ChannelService/Receive", external_id="m3", text="Yes", choice_id="x" * 257, **WEB)


@pytest.mark.spec("R-G10")
async def test_a_customer_who_comes_under_another_id_of_his_is_the_same_one_whatever_he_does(served: Serving) -> None:
    await served.site("ann")
    client = await adapter(served)
    name = await attended(served, client)
    renamed = WEB | {"address": "user.7"}
    again = await client.call("ChannelService/Receive", external_id="m2", text="me", aliases=["kim"], **renamed)
    later = await client.call("ChannelService/Receive", external_id="m3", text="me again", **renamed)
    repeat = await client.call("ChannelService/Receive", external_id="m2", text="me", **renamed)
    assert [each.conversation for each in (again, later, repeat)] == [name, name, name]
    assert [each.duplicate for each in (again, later, repeat)] == [False, False, True]
    ann = await served.agent("ann")
    async with ann.stream("AgentService/Attach") as desk:
        await desk.until("welcome")
        await client.call("ChannelService/Receive", typing=True, **renamed)
        assert (await desk.until("customer_typing")).conversation == name
    async with client.stream("ChannelService/Deliveries", channel="channels/web") as reader:
        delivery = await reader.next()
        assert (delivery.address, list(delivery.aliases)) == ("kim", ["user.7"])
    left = await client.call("ChannelService/Receive", external_id="l1", customer_left=True, **renamed)
    assert left.conversation == name
    for wrong, field in ((["x"] * 11, "aliases"), ([" "], "aliases"), (["x" * 257], "aliases")):
        with pytest.raises(Refused) as refused:
            await client.call("ChannelService/Receive", external_id="m4", text="me", aliases=wrong, **WEB)
        assert field in refused.value.sentence


@pytest.mark.spec("R-G8")
async def test_what_came_before_two_ids_were_known_as_one_customer_is_known_when_it_comes_again(
    served: Serving,
) -> None:
    await served.site()
    client = await adapter(served)
    other = WEB | {"address": "user.7"}
    await client.call("ChannelService/Receive", external_id="m1", text="hello", **WEB)
    alone = await client.call("ChannelService/Receive", external_id="m2", text="hello", **other)
    await client.call("ChannelService/Receive", external_id="m3", text="one and the same", aliases=["user.7"], **WEB)
    repeat = await client.call("ChannelService/Receive", external_id="m2", text="hello", **other)
    assert (repeat.conversation, repeat.duplicate) == (alone.conversation, True)


@pytest.mark.spec("R-G10")
async def test_leaving_opens_nothing_and_a_repeat_of_it_is_known_after_the_conversation_is_over(
    served: Serving,
) -> None:
    await served.site()
    client = await adapter(served)
    nothing = await client.call("ChannelService/Receive", external_id="l0", customer_left=True, **WEB)
    assert (nothing.conversation, nothing.duplicate) == ("", False)
    opened = await client.call("ChannelService/Receive", external_id="m1", text="hello", **WEB)
    left = await client.call("ChannelService/Receive", external_id="l1", customer_left=True, **WEB)
    again = await client.call("ChannelService/Receive", external_id="l1", customer_left=True, **WEB)
    assert left.conversation == again.conversation == opened.conversation
    assert again.duplicate
    afresh = await client.call("ChannelService/Receive", external_id="m2", text="me again", **WEB)
    assert afresh.conversation != opened.conversation


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({**WEB, "text": "hello"}, "BAD_FIELD"),
        ({**WEB, "external_id": "m"}, "BAD_FIELD"),
        ({**WEB, "external_id": "m", "customer_left": False}, "BAD_FIELD"),
        ({**WEB, "external_id": "m", "text": " "}, "EMPTY_MESSAGE"),
        ({**WEB, "external_id": "m", "text": "x" * 4097}, "MESSAGE_TOO_LONG"),
        ({"channel": "channels/web", "external_id": "m", "text": "hello"}, "BAD_ID"),
        ({"channel": "channels/fax", "address": "kim", "external_id": "m", "text": "hello"}, "CHANNEL_NOT_FOUND"),
    ],
)
async def test_what_cannot_be_received_is_refused(served: Serving, fields: dict[str, object], reason: str) -> None:
    await served.site()
    with pytest.raises(Refused) as refused:
        await served.admin.call("ChannelService/Receive", **fields)
    assert refused.value.reason == reason


@pytest.mark.spec("R-G11", "F-22")
async def test_deliveries_come_in_order_and_never_again_once_settled(served: Serving) -> None:
    await served.site("ann")
    client = await adapter(served)
    conversation = await attended(served, client)
    ann = await served.agent("ann")
    await ann.call("ConversationService/SendMessage", name=conversation, text="good day")
    async with client.stream("ChannelService/Deliveries", channel="channels/web") as reader:
        first, second = await reader.next(), await reader.next()
        assert [(each.sequence, each.attempt, each.address) for each in (first, second)] == [
            (1, 1, "kim"),
            (2, 1, "kim"),
        ]
        assert first.notice.text == "Ann has joined the conversation"
        assert (second.message.text, second.message.sender, second.message.name) == (
            "good day",
            "agents/ann",
            f"{conversation}/messages/2",
        )
        await client.call("ChannelService/SettleDelivery", name=first.name, external_id="out-1")
        await client.call("ChannelService/SettleDelivery", name=first.name, external_id="out-1")
    async with client.stream("ChannelService/Deliveries", channel="channels/web") as reader:
        again = await reader.next()
        assert (again.name, again.attempt) == (second.name, 2)


@pytest.mark.spec("R-L9")
async def test_a_second_reader_of_a_channel_takes_over(served: Serving) -> None:
    await served.site("ann")
    client = await adapter(served)
    conversation = await attended(served, client)
    async with client.stream("ChannelService/Deliveries", channel="channels/web") as first:
        await first.next()
        async with client.stream("ChannelService/Deliveries", channel="channels/web") as second:
            assert (await second.next()).conversation == conversation
            with pytest.raises(Refused) as refused:
                await first.next()
    assert (refused.value.code, refused.value.reason) == ("ABORTED", "TAKEN_OVER")


async def test_a_delivery_with_a_retry_comes_again_after_that_and_with_an_error_alone_is_stepped_over(
    served: Serving,
) -> None:
    await served.site("ann")
    client = await adapter(served)
    conversation = await attended(served, client)
    ann = await served.agent("ann")
    await ann.call("ConversationService/SendMessage", name=conversation, text="good day")
    name = f"{conversation}/deliveries/1"
    async with client.stream("ChannelService/Deliveries", channel="channels/web", max_in_flight=1) as reader:
        assert (await reader.next()).name == name
        await client.call("ChannelService/SettleDelivery", name=name, error="busy", retry=Duration(seconds=0))
        again = await reader.next()
        assert (again.name, again.attempt) == (name, 2)
        await client.call("ChannelService/SettleDelivery", name=name, error="no such customer")
        assert (await reader.next()).sequence == 2
    timeline = await served.admin.call("ConversationService/ListTimeline", name=conversation)
    assert any("no such customer" in entry.notice.text for entry in timeline.entries)


async def test_a_delivery_that_never_was_is_not_found(served: Serving) -> None:
    await served.site()
    await served.opened()
    for name in ("conversations/42/deliveries/7", "conversations/none/deliveries/1"):
        with pytest.raises(Refused) as refused:
            await served.admin.call("ChannelService/SettleDelivery", name=name)
        assert refused.value.reason == "DELIVERY_NOT_FOUND"
    for name in ("conversations/42/deliveries/0", "conversations/42/invites/1", "deliveries/1", "conversations/42"):
        with pytest.raises(Refused) as refused:
            await served.admin.call("ChannelService/SettleDelivery", name=name)
        assert refused.value.reason == "BAD_ID"


async def test_a_channel_that_the_engine_serves_itself_has_no_other_reader(served: Serving, tmp_path: Path) -> None:
    script = tmp_path / "nobody.txt"
    script.write_text("")
    own = channel_pb2.Channel(name="channels/own", kind="console", settings={"script": str(script)})
    await served.admin.call("AdminService/Apply", channels=[own])
    async with served.admin.stream("ChannelService/Deliveries", channel="channels/own") as reader:
        with pytest.raises(Refused) as refused:
            await reader.next()
    assert (refused.value.code, refused.value.reason) == ("FAILED_PRECONDITION", "CHANNEL_IN_USE")


async def test_signs_of_typing_reach_the_desk_and_are_kept_nowhere(served: Serving) -> None:
    await served.site("ann")
    client = await adapter(served)
    name = await attended(served, client)
    ann = await served.agent("ann")
    async with ann.stream("AgentService/Attach") as desk:
        await desk.until("welcome")
        position = served.engine.shard.last_position
        for is_typing in (True, False):
            await client.call("ChannelService/Receive", typing=is_typing, **WEB)
            sign = await desk.until("customer_typing")
            assert (sign.conversation, sign.is_typing) == (name, is_typing)
        await ann.call("ConversationService/SendTyping", name=name, is_typing=True)
        assert served.engine.shard.last_position == position


async def test_what_another_application_answers_opens_no_conversation_from_outside_either(served: Serving) -> None:
    await served.site("ann")
    client = await adapter(served)
    alone = await client.call("ChannelService/Receive", external_id="s1", text="robot?", is_standby=True, **WEB)
    name = await attended(served, client)
    seen = await client.call("ChannelService/Receive", external_id="s2", text="robot!", is_standby=True, **WEB)
    assert (alone.conversation, seen.conversation) == ("", name)

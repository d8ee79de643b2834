"""What a provider reports through an adapter outside: how far a delivery came, and what was written past the engine."""

import asyncio

import pytest

from hookflash.sdk.types import ChannelId
from tests.server.outside import WEB, adapter, attended
from tests.server.serving import TIMEOUT_S, Refused, Serving


@pytest.mark.spec("I3")
async def test_a_receipt_from_outside_is_recorded_by_id_and_by_name_and_a_strange_one_refused(served: Serving) -> None:
    await served.site("ann")
    client = await adapter(served)
    name = await attended(served, client)
    ann = await served.agent("ann")
    async with ann.stream("AgentService/Attach") as desk:
        await desk.until("welcome")
        await ann.call("ConversationService/SendMessage", name=name, text="hi")
    delivery = f"{name}/deliveries/2"
    await client.call("ChannelService/SettleDelivery", name=delivery, external_id="out-2")
    for receipt in (
        {"state": "DELIVERY_RECEIPT_STATE_DELIVERED", "external_id": "out-2"},
        {"state": "DELIVERY_RECEIPT_STATE_READ", "delivery": delivery},
    ):
        await client.call("ChannelService/Receive", receipt=receipt, **WEB)
    events = await served.admin.call("EventService/ListEvents", filter="type = DeliveryReceived")
    assert [event.payload["state"] for event in events.events] == ["DELIVERED", "READ"]
    for wrong, reason in (
        ({"external_id": "out-2"}, "BAD_FIELD"),
        ({"state": "DELIVERY_RECEIPT_STATE_READ"}, "BAD_FIELD"),
        ({"state": "DELIVERY_RECEIPT_STATE_READ", "delivery": f"{name}/deliveries/99"}, "DELIVERY_NOT_FOUND"),
    ):
        with pytest.raises(Refused) as refused:
            await client.call("ChannelService/Receive", receipt=wrong, **WEB)
        assert refused.value.reason == reason


async def test_what_was_written_past_the_engine_is_shown_once_and_our_own_deliveries_never(served: Serving) -> None:
    await served.site("ann")
    client = await adapter(served)
    name = await attended(served, client)
    ann = await served.agent("ann")
    async with ann.stream("AgentService/Attach") as desk:
        await desk.until("welcome")
        await ann.call("ConversationService/SendMessage", name=name, text="hi")
    for number in (1, 2):
        delivery = f"{name}/deliveries/{number}"
        await client.call("ChannelService/SettleDelivery", name=delivery, external_id=f"out-{number}")
    for key, echo in (
        ("e1", {"text": "hi", "external_id": "out-2"}),
        ("e2", {"text": "hi", "external_id": "?", "delivery": f"{name}/deliveries/2"}),
        ("e3", {"text": "From my telephone", "external_id": "out-9"}),
        ("e3", {"text": "From my telephone", "external_id": "out-9"}),
    ):
        answer = await client.call("ChannelService/Receive", external_id=key, echo=echo, **WEB)
        assert answer.conversation == ""
    await client.call(
        "ChannelService/Receive", external_id="e4", echo={"text": "Hello?"}, **(WEB | {"address": "nobody"})
    )
    transcript = await served.admin.call("ConversationService/GetTranscript", name=name)
    said = [entry.message.text for entry in transcript.entries if entry.HasField("message")]
    assert said.count("hi") == said.count("From my telephone") == 1
    assert len((await served.admin.call("ConversationService/ListConversations")).conversations) == 1
    with pytest.raises(Refused, match="There is no delivery"):
        await client.call(
            "ChannelService/Receive", external_id="e5", echo={"text": "x", "delivery": f"{name}/deliveries/99"}, **WEB
        )


@pytest.mark.spec("I3")
async def test_an_echo_from_outside_that_overtakes_its_id_is_answered_with_the_settling_and_never_shown(
    served: Serving,
) -> None:
    await served.site("ann")
    client = await adapter(served)
    name = await attended(served, client)
    await client.call("ChannelService/SettleDelivery", name=f"{name}/deliveries/1", external_id="out-1")
    ann = await served.agent("ann")
    await ann.call("ConversationService/SendMessage", name=name, text="in two parts")
    echoes = [
        asyncio.ensure_future(
            client.call(
                "ChannelService/Receive", external_id=f"e{part}", echo={"text": text, "external_id": part}, **WEB
            )
        )
        for part, text in (("out-2a", "in two"), ("out-2b", "parts"), ("out-9", "From my telephone"))
    ]
    async with asyncio.timeout(TIMEOUT_S):
        while served.engine.echoes.held(ChannelId("web")) < len(echoes):  # noqa: ASYNC110  calls come as they come
            await asyncio.sleep(0)
    delivery, parts = f"{name}/deliveries/2", {"external_id": "out-2b", "part_external_ids": ["out-2a"]}
    await client.call("ChannelService/SettleDelivery", name=delivery, **parts)
    await asyncio.gather(*echoes)
    transcript = await served.admin.call("ConversationService/GetTranscript", name=name)
    said = [entry.message.text for entry in transcript.entries if entry.HasField("message")]
    assert said == ["hello", "in two parts", "From my telephone"]
    for wrong in (["x"] * 1_001, ["x" * 1_000]):
        with pytest.raises(Refused, match="part_external_ids"):
            await client.call("ChannelService/SettleDelivery", name=delivery, part_external_ids=wrong)

"""An adapter outside, and the conversation that its customer has."""

from hookflash.sdk.types import Role
from tests.server.serving import BILLING, Client, Serving

WEB = {"channel": "channels/web", "address": "kim"}


async def adapter(served: Serving) -> Client:
    return await served.client(Role.ADAPTER, "channels/web", channel="web")


async def attended(served: Serving, client: Client) -> str:
    """A conversation opened by what the customer wrote, with ann in it."""
    ann = await served.agent("ann")
    async with ann.stream("AgentService/Attach") as desk:
        await desk.until("welcome")
        await served.ready(ann)
        received = await client.call("ChannelService/Receive", external_id="m1", text="hello", target=BILLING, **WEB)
        made = await desk.until("offer_made")
        await ann.call("AgentService/AcceptOffer", name=made.offer.name)
    return str(received.conversation)

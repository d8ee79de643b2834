"""A small contact centre for the trials: its site, its agents at their desks, and the adapter of its channel.

Everybody comes back after whatever the trial does to them: a desk that ended is opened again by `mend`, the site is
applied again. What is offered is accepted, what is delivered is settled.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self
from uuid import uuid4

from hookflash.sdk.client import Backoff, Client, HookflashError
from hookflash.sdk.client import messages as m
from hookflash.v1 import options_pb2

__all__ = ["AGENTS", "CHANNEL", "Crowd", "site_request"]

AGENTS: Final = ("ann", "ben", "carl", "dora", "eve")
CHANNEL: Final = "channels/web"
_QUEUE: Final = m.Target(queue="queues/billing")
_BACKOFF: Final = Backoff(first_s=0.05, max_s=0.5)
_PATIENCE_S: Final = 20.0


def site_request(agents: Sequence[str] = AGENTS, *, capacity: int = 1_000) -> m.ApplyRequest:
    """Queues `billing`, `empty` and `phones` (voice), the agents in `billing`, an external channel `web`."""
    chat = m.AgentDomain(media_domain="chat", capacity=capacity)
    return m.ApplyRequest(
        request_id=uuid4().hex,
        media_domains=[m.MediaDomain(name="mediaDomains/voice", capacity=1)],
        attributes=[m.Attribute(name="attributes/french", kind=m.AttributeKind.ATTRIBUTE_KIND_BOOLEAN)],
        queues=[
            m.Queue(name="queues/billing", display_name="Billing"),
            m.Queue(name="queues/empty", display_name="Nobody serves this"),
            m.Queue(name="queues/phones", media_domain="voice"),
        ],
        agents=[
            m.Agent(name=f"agents/{name}", display_name=name.title(), domains=[chat], queues=["queues/billing"])
            for name in agents
        ],
        channels=[m.Channel(name=CHANNEL, kind="web", is_external=True)],
    )


class Crowd:
    """Agents and an adapter, all over one connection with an ADMIN's token."""

    def __init__(self, address: str, token: str, *, agents: Sequence[str] = AGENTS, shy: Sequence[str] = ()) -> None:
        """Nobody is there yet; the `shy` agents stay at their desks and accept nothing."""
        self.client = Client(address, token=token, backoff=_BACKOFF, timeout_s=_PATIENCE_S)
        self.agents, self._shy = tuple(agents), frozenset(shy)
        self.heard: Counter[str] = Counter()
        self._desks: dict[str, asyncio.Task[None]] = {}
        self._adapter: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._moved = asyncio.Event()
        self._holder: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        """Apply the site, open the desks, and let everybody be ready."""
        await self.mend()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Everybody goes home."""
        tasks = [*self._desks.values(), *self._tasks, *([self._adapter] if self._adapter else ())]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.client.close()

    async def token(self, role: str, subject: str, **fields: Any) -> str:  # noqa: ANN401  of CreateToken
        """A fresh token."""
        request = m.CreateTokenRequest(
            request_id=uuid4().hex, role=options_pb2.Role.Value(f"ROLE_{role}"), subject=subject, **fields
        )
        return str((await self.client.create_token(request)).token)

    async def mend(self) -> None:
        """Apply the site again, open the desks that ended, and let everybody be ready."""
        gone = [task for task in (*self._desks.values(), self._adapter) if task is not None and task.cancelling()]
        await asyncio.gather(*gone, return_exceptions=True)
        await self._apply()
        opened = [name for name in self.agents if name not in self._desks or self._desks[name].done()]
        welcomed = {name: asyncio.get_running_loop().create_future() for name in opened}
        for name, is_welcomed in welcomed.items():
            self._desks[name] = asyncio.create_task(self._desk(name, is_welcomed))
        if self._adapter is None or self._adapter.done():
            self._adapter = asyncio.create_task(self._settle())
        if welcomed:
            await asyncio.wait(welcomed.values(), timeout=_PATIENCE_S)
        for name in self.agents:
            with suppress(HookflashError):
                await self.client.set_agent_state(
                    m.SetAgentStateRequest(
                        request_id=uuid4().hex, agent=f"agents/{name}", state=m.Readiness.READINESS_READY
                    )
                )

    def leave_desk(self, name: str) -> None:
        """Let an agent's connection end in the middle; `mend` brings him back."""
        self._desks[name].cancel()

    def leave_adapter(self) -> None:
        """Let the adapter's stream end in the middle; `mend` opens it again."""
        if self._adapter is not None:
            self._adapter.cancel()

    async def _apply(self) -> None:
        """All of the site; where something of it is in use otherwise now, all that can be had."""
        site = site_request(self.agents)
        try:
            await self.client.apply(site)
        except HookflashError:
            for field, values in site.ListFields():
                for value in values if field.is_repeated else ():
                    with suppress(HookflashError):
                        await self.client.apply(_alone(field.name, value))

    async def close_oldest(self, keep: int) -> int:
        """Close open conversations but the newest so many; return how many were closed."""
        found: list[str] = []
        for state in ("QUEUED", "ACTIVE", "UNATTENDED", "CUSTOMER_LEFT"):
            token = ""
            while True:
                page = await self.client.list_conversations(
                    m.ListConversationsRequest(page_size=1_000, page_token=token, filter=f"state = {state}")
                )
                found += [each.name for each in page.conversations[keep if not token else 0 :]]
                token = page.next_page_token
                if not token:
                    break
        for name in found:
            with suppress(HookflashError):
                await self.client.close_conversation(m.CloseConversationRequest(request_id=uuid4().hex, name=name))
        return len(found)

    async def revoke_others(self, kept: Sequence[str]) -> None:
        """Revoke every token whose subject is not one of these."""
        token = ""
        while True:
            page = await self.client.list_tokens(m.ListTokensRequest(page_size=1_000, page_token=token))
            for each in page.tokens:
                if each.subject not in kept:
                    with suppress(HookflashError):
                        await self.client.revoke_token(m.RevokeTokenRequest(request_id=uuid4().hex, name=each.name))
            token = page.next_page_token
            if not token:
                return

    async def offered(self, identifier: str, agent: str) -> None:
        """Open a conversation for that agent, else for the queue, unless there is one of that id already."""
        for target in (m.Target(agent=f"agents/{agent}"), _QUEUE):
            with suppress(HookflashError):
                await self.client.create_conversation(_opening(identifier, target))
                return

    async def opened(self, identifier: str) -> str:
        """Open a conversation, routed to the queue, and wait until an agent has it; return who."""
        name = f"conversations/{identifier}"
        await self.client.create_conversation(_opening(identifier))
        return await self._held(name, "")

    async def transferred(self, identifier: str, holder: str) -> str:
        """Transfer it from its agent to the queue, and wait until another has it; return who."""
        name = f"conversations/{identifier}"
        request = m.TransferRequest(request_id=uuid4().hex, name=name, agent=holder, target=_QUEUE, note="a note")
        self._holder.pop(name, None)
        await self.client.transfer(request)
        return await self._held(name, holder)

    async def closed(self, identifier: str) -> None:
        """Close it."""
        name = f"conversations/{identifier}"
        await self.client.close_conversation(m.CloseConversationRequest(request_id=uuid4().hex, name=name))
        self._holder.pop(name, None)

    async def _held(self, name: str, _before: str) -> str:
        async with asyncio.timeout(_PATIENCE_S):
            while name not in self._holder:
                self._moved.clear()
                await self._moved.wait()
        return self._holder[name]

    async def _desk(self, name: str, is_welcomed: "asyncio.Future[None]") -> None:
        with suppress(HookflashError):
            async for update in self.client.attach(f"agents/{name}"):
                kind = str(update.WhichOneof("update"))
                self.heard[kind] += 1
                if kind == "welcome":
                    if not is_welcomed.done():
                        is_welcomed.set_result(None)
                    for offer in update.welcome.offers:
                        self._spawn(self._accept(name, offer))
                elif kind == "offer_made":
                    self._spawn(self._accept(name, update.offer_made.offer))
        if not is_welcomed.done():
            is_welcomed.set_result(None)

    async def _accept(self, name: str, offer: m.Offer) -> None:
        if name in self._shy:
            return
        with suppress(HookflashError):
            await self.client.accept_offer(m.AcceptOfferRequest(request_id=uuid4().hex, name=offer.name))
            self._holder[offer.conversation] = f"agents/{name}"
            self._moved.set()

    async def _settle(self) -> None:
        with suppress(HookflashError):
            async for delivery in self.client.deliveries(m.DeliveriesRequest(channel=CHANNEL, max_in_flight=500)):
                self.heard["delivery"] += 1
                self._spawn(self._settled(delivery.name))

    async def _settled(self, name: str) -> None:
        with suppress(HookflashError):
            await self.client.settle_delivery(m.SettleDeliveryRequest(name=name))

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _opening(identifier: str, target: m.Target = _QUEUE) -> m.CreateConversationRequest:
    return m.CreateConversationRequest(
        request_id=uuid4().hex, conversation_id=identifier, channel=CHANNEL, address=f"+{identifier}", target=target
    )


def _alone(field: str, value: object) -> m.ApplyRequest:
    request = m.ApplyRequest()
    getattr(request, field).append(value)
    return request

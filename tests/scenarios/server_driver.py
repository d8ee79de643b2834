"""Scenarios over gRPC, against a real server process: agents and adapters with tokens of their own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TypeVar

import grpc.aio
from google.protobuf.message import Message

from hookflash.sdk.client import Client
from hookflash.sdk.client import messages as m
from hookflash.sdk.client.connection import open_channel
from hookflash.sdk.client.errors import HookflashError

from .driver import Numbered
from .server_desk import SYNC, Desk, Reader
from .server_lines import bare, entry_line, seen_conversation, seen_invite, seen_offer, word
from .server_process import ServerProcess
from .server_site import agent_message, apply_request, seconds
from .values import Attempt, Caller, Person, RefusedError, SeenConversation, SeenInvite, SeenOffer, Site

__all__ = ["ServerDriver", "open_server"]

T = TypeVar("T")
_PAGE = 1_000


@asynccontextmanager
async def open_server(server: ServerProcess) -> AsyncIterator["ServerDriver"]:
    """A driver of a running server, for one scenario."""
    driver = ServerDriver(server)
    await driver.connect()
    try:
        yield driver
    finally:
        await driver.disconnect()


def _name(conversation: str) -> str:
    return f"conversations/{conversation}"


def _target(target: tuple[str, str]) -> m.Target:
    kind, name = target
    return m.Target(queue=f"queues/{name}") if kind == "queues" else m.Target(agent=f"agents/{name}")


async def _asked(asked: Awaitable[T]) -> T:
    try:
        return await asked
    except HookflashError as refusal:
        raise RefusedError(refusal.reason, refusal.sentence) from None


def _encoded(answer: Message) -> bytes:
    return answer.SerializeToString(deterministic=True)


class ServerDriver:
    """Drives one server through the API alone."""

    def __init__(self, server: ServerProcess) -> None:
        self._server = server
        self._tokens: dict[str, str] = {}
        self._clients: dict[str, Client] = {}
        self._desks: dict[str, Desk] = {}
        self._readers: dict[str, Reader] = {}
        self._streams: grpc.aio.Channel
        self._admin: Client

    async def connect(self) -> None:
        """Open the connections."""
        self._streams = open_channel(self._server.address, None)
        self._admin = Client(self._server.address, token=self._server.token)
        await self._admin.apply(apply_request(Site(media_domains={SYNC: 1})))

    async def disconnect(self) -> None:
        """Close them, and every stream."""
        for desk in self._desks.values():
            await desk.close()
        for reader in self._readers.values():
            await reader.close()
        for client in (self._admin, *self._clients.values()):
            await client.close()
        await self._streams.close()
        self._clients.clear()

    async def _as(self, subject: str, role: m.Role.ValueType, channel: str = "") -> Client:
        if subject not in self._tokens:
            wanted = m.CreateTokenRequest(subject=subject, role=role, channel=channel)
            self._tokens[subject] = (await self._admin.create_token(wanted)).token
        if subject not in self._clients:
            self._clients[subject] = Client(self._server.address, token=self._tokens[subject])
        return self._clients[subject]

    async def _agent(self, agent: str) -> Client:
        return await self._as(f"agents/{agent}", m.Role.ROLE_AGENT)

    async def _adapter(self, channel: str) -> Client:
        return await self._as(f"channels/{channel}", m.Role.ROLE_ADAPTER, f"channels/{channel}")

    # --- settings

    async def apply(self, site: Site) -> None:
        """Apply settings without pruning."""
        await _asked(self._admin.apply(apply_request(site)))
        for channel in site.channels:
            await self._adapter(channel)
            self._readers[channel] = Reader(channel, self._tokens[f"channels/{channel}"])
            await self._readers[channel].open(self._streams)

    async def configure_agent(self, agent: str, person: Person) -> None:
        """Apply one agent anew."""
        await _asked(self._admin.apply(m.ApplyRequest(agents=[agent_message(agent, person)])))

    # --- agents

    async def attach(self, agent: str) -> None:
        """Open the desk."""
        await self._agent(agent)
        desk = self._desks.setdefault(agent, Desk(agent, self._tokens[f"agents/{agent}"]))
        await desk.attach(self._streams)

    async def detach(self, agent: str) -> None:
        """End the stream, and wait until the engine knows."""
        happened = f"subject = agents/{agent} AND type = AgentDetached"
        before = len(await self._events(happened))
        await self._desks[agent].close()
        async with asyncio.timeout(10):
            while len(await self._events(happened)) == before:
                pass

    async def set_ready(self, agent: str, domain: str, *, is_ready: bool) -> None:
        """Set readiness."""
        state = m.Readiness.READINESS_READY if is_ready else m.Readiness.READINESS_NOT_READY
        request = m.SetAgentStateRequest(state=state, media_domain=domain)
        await _asked((await self._agent(agent)).set_agent_state(request))

    async def log_out(self, agent: str) -> None:
        """Log out."""
        await _asked((await self._agent(agent)).logout(m.LogoutRequest()))
        if agent in self._desks:
            await self._desks[agent].until(lambda: not self._desks[agent].is_open)

    async def agent_state(self, agent: str, domain: str) -> str:
        """State with load and capacity."""
        found = await _asked(self._admin.get_agent(m.GetAgentRequest(name=f"agents/{agent}")))
        (seen,) = (d for d in found.domains if d.media_domain == domain)
        return f"{word(m.AgentState, seen.state)} {seen.active + seen.reserved}/{seen.capacity}"

    async def _caught_up(self, agent: str) -> Desk:
        """The desk, once all that had happened has reached it."""
        desk = self._desks.setdefault(agent, Desk(agent, ""))
        if desk.is_open:
            wanted = not desk.is_synced
            await self.set_ready(agent, SYNC, is_ready=wanted)
            await desk.until(lambda: desk.is_synced == wanted or not desk.is_open)
        return desk

    async def offers(self, agent: str) -> list[SeenOffer]:
        """The offers open on the desk."""
        desk = await self._caught_up(agent)
        return [seen_offer(offer, self._server.now) for offer in desk.offers.values()]

    async def desk(self, agent: str) -> list[str]:
        """Everything that reached the desk."""
        return list((await self._caught_up(agent)).lines)

    async def until_offered(self, agent: str) -> None:
        """Wait for an offer."""
        await self._desks[agent].until(lambda: bool(self._desks[agent].offers))

    # --- the customer

    async def receive(
        self,
        channel: str,
        address: str,
        external_id: str,
        text: str | None,
        target: tuple[str, str] | None,
        customer: Caller,
    ) -> str:
        """Let the customer write, or leave."""
        request = m.ReceiveRequest(
            channel=f"channels/{channel}",
            address=address,
            external_id=external_id,
            customer=m.Customer(display_name=customer.name, identified=customer.is_identified),
            target=None if target is None else _target(target),
        )
        if text is None:
            request.customer_left = True
        else:
            request.text = text
        return bare((await _asked((await self._adapter(channel)).receive(request))).conversation)

    async def transcript(self, conversation: str) -> Numbered:
        """The customer's view."""
        request = m.GetTranscriptRequest(name=_name(conversation), page_size=_PAGE)
        answer = await _asked(self._admin.get_transcript(request))
        return [(entry.sequence, entry_line(entry)) for entry in answer.entries]

    async def deliveries(self, channel: str, conversation: str, count: int) -> Numbered:
        """What the adapter got."""
        return await self._readers[channel].until(conversation, count)

    # --- conversations

    async def place(self, kind: str, conversation: str, agent: str, target: tuple[str, str], attempt: Attempt) -> bytes:
        """Transfer or conference."""
        made = m.TransferRequest if kind == "TRANSFER" else m.ConferenceRequest
        request = made(
            request_id=attempt.request_id,
            name=_name(conversation),
            target=_target(target),
            note=attempt.note,
            ttl=None if attempt.ttl_s is None else seconds(attempt.ttl_s),
            priority=attempt.priority,
            validate_only=attempt.is_dry_run,
        )
        client = await self._agent(agent)
        if isinstance(request, m.TransferRequest):
            return _encoded(await _asked(client.transfer(request)))
        return _encoded(await _asked(client.conference(request)))

    async def route(self, conversation: str, target: tuple[str, str]) -> None:
        """Place a ROUTE invite."""
        await _asked(self._admin.route(m.RouteRequest(name=_name(conversation), target=_target(target))))

    async def cancel(self, conversation: str, invite: int, agent: str) -> None:
        """Cancel an invite."""
        request = m.CancelInviteRequest(name=f"{_name(conversation)}/invites/{invite}")
        await _asked((await self._agent(agent)).cancel_invite(request))

    async def say(self, conversation: str, agent: str, text: str) -> None:
        """Send a message."""
        await _asked((await self._agent(agent)).send_message(m.SendMessageRequest(name=_name(conversation), text=text)))

    async def whisper(self, conversation: str, agent: str, text: str) -> None:
        """Whisper."""
        await _asked((await self._agent(agent)).whisper(m.WhisperRequest(name=_name(conversation), text=text)))

    async def leave(self, conversation: str, agent: str) -> None:
        """Leave."""
        await _asked((await self._agent(agent)).leave(m.LeaveRequest(name=_name(conversation))))

    async def close(self, conversation: str) -> None:
        """Close."""
        await _asked(self._admin.close_conversation(m.CloseConversationRequest(name=_name(conversation))))

    async def accept(self, offer: str, agent: str, request_id: str) -> bytes:
        """Accept."""
        request = m.AcceptOfferRequest(name=f"offers/{offer}", request_id=request_id)
        answer = await _asked((await self._agent(agent)).accept_offer(request))
        self._desks[agent].offers.pop(f"offers/{offer}", None)
        # The adapter settles deliveries meanwhile, and each moves the conversation on.
        answer.ClearField("position")
        answer.ClearField("etag")
        return _encoded(answer)

    async def decline(self, offer: str, agent: str) -> None:
        """Decline."""
        await _asked((await self._agent(agent)).decline_offer(m.DeclineOfferRequest(name=f"offers/{offer}")))

    async def conversation(self, conversation: str) -> SeenConversation:
        """The conversation as it is."""
        found = await _asked(self._admin.get_conversation(m.GetConversationRequest(name=_name(conversation))))
        return seen_conversation(found, self._server.now)

    async def invite(self, conversation: str, number: int) -> SeenInvite:
        """Any of its invites."""
        name = f"{_name(conversation)}/invites/{number}"
        return seen_invite(await _asked(self._admin.get_invite(m.GetInviteRequest(name=name))), self._server.now)

    async def timeline(self, conversation: str, agent: str) -> Numbered:
        """The timeline as that agent reads it."""
        request = m.ListTimelineRequest(name=_name(conversation), page_size=_PAGE)
        client = await self._agent(agent) if agent else self._admin
        answer = await _asked(client.list_timeline(request))
        return [(entry.sequence, entry_line(entry)) for entry in answer.entries]

    async def queue_counts(self, queue: str, conversation: str, agent: str) -> tuple[int, int]:
        """Available agents and waiting invites."""
        request = m.ListQueuesRequest(
            page_size=_PAGE,
            conversation=_name(conversation) if conversation else "",
            agent=f"agents/{agent}" if agent else "",
        )
        answer = await _asked(self._admin.list_queues(request))
        (found,) = (q for q in answer.queues if q.name == f"queues/{queue}")
        return found.stats.available, found.stats.waiting

    async def _events(self, wanted: str) -> list[str]:
        found: list[str] = []
        request = m.ListEventsRequest(page_size=_PAGE, filter=wanted)
        while True:
            answer = await _asked(self._admin.list_events(request))
            found += [event.type for event in answer.events]
            if not answer.next_page_token:
                return found
            request.page_token = answer.next_page_token

    async def events(self, conversation: str) -> list[str]:
        """The names of all its events."""
        return await self._events(f"subject = {_name(conversation)}")

    async def faults(self) -> int:
        """How many plugin faults were recorded."""
        return len(await self._events("type = PluginFault"))

    # --- what only a server can refuse

    async def transfer_as_adapter(self, channel: str, conversation: str, agent: str) -> None:
        """Try to transfer with the adapter's token."""
        target = m.Target(agent=f"agents/{agent}")
        request = m.TransferRequest(name=_name(conversation), agent=f"agents/{agent}", target=target)
        await _asked((await self._adapter(channel)).transfer(request))

    async def whisper_as_adapter(self, channel: str, conversation: str, agent: str) -> None:
        """Try to whisper with the adapter's token."""
        request = m.WhisperRequest(name=_name(conversation), agent=f"agents/{agent}", text="psst")
        await _asked((await self._adapter(channel)).whisper(request))

    # --- time and crashes

    async def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.to_thread(self._server.advance, seconds)

    async def crash(self, down_s: float) -> None:
        """Kill the process, start another one, and connect again; desks stay closed."""
        await asyncio.to_thread(self._server.kill)
        await self.disconnect()
        await asyncio.to_thread(self._server.start_again, down_s)
        await self.connect()
        for reader in self._readers.values():
            await reader.open(self._streams)

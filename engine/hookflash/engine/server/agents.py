"""AgentService: agents' states, their desks, their answers to offers."""

from collections.abc import Callable

from google.protobuf.empty_pb2 import Empty

from hookflash.engine.actors.calls import Outcome
from hookflash.engine.domain import commands as c
from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.agent import Agent
from hookflash.engine.domain.refusals import BadField, ConversationNotFound, OfferNotFound
from hookflash.engine.domain.text import clean_reason
from hookflash.engine.server import identity, names
from hookflash.engine.server.asking import Asking
from hookflash.engine.server.caller import Caller
from hookflash.engine.server.convert_agent import AGENT_STATE_FROM, agent_to, is_in_state
from hookflash.engine.server.convert_commands import readiness_from
from hookflash.engine.server.convert_values import given
from hookflash.engine.server.pages import page_of
from hookflash.engine.server.reading import conversation_in
from hookflash.engine.server.streams import Streams
from hookflash.sdk.types import AgentId
from hookflash.v1 import agent_pb2
from hookflash.v1 import agent_service_pb2 as pb

__all__ = ["AgentServicer"]


class AgentServicer:
    """The methods of AgentService."""

    def __init__(self, asking: Asking, streams: Streams) -> None:
        """Take whom to ask."""
        self._asking, self._streams = asking, streams

    async def GetAgent(self, request: pb.GetAgentRequest, _caller: Caller) -> agent_pb2.Agent:  # noqa: N802
        """Read one agent."""
        return agent_to(await self._asking.agent(names.agent("name", request.name)))

    async def ListAgents(self, request: pb.ListAgentsRequest, _caller: Caller) -> pb.ListAgentsResponse:  # noqa: N802
        """List agents by name."""
        size = self._asking.page_size(request.page_size)
        page, token = page_of(self._chosen(request), request.page_token, size)
        answer = pb.ListAgentsResponse(agents=[agent_to(agent) for agent in page], next_page_token=token)
        return await self._asking.durable(answer)

    async def SetAgentState(self, request: pb.SetAgentStateRequest, caller: Caller) -> bytes:  # noqa: N802
        """Set an agent ready or not ready."""
        address = _address(identity.acting_agent(caller.principal, request.agent))
        command = readiness_from(request)
        return await self._asking.submit(caller, request, address, command, _agent_at(address), acting=address.id)

    async def Attach(self, request: pb.AttachRequest, caller: Caller) -> None:  # noqa: N802
        """Open an agent's desk."""
        agent = identity.acting_agent(caller.principal, request.agent)
        after = request.after_position if given(request, "after_position") else None
        await self._streams.attach(caller, agent, after)

    async def Logout(self, request: pb.LogoutRequest, caller: Caller) -> bytes:  # noqa: N802
        """Log an agent out, from any state."""
        address = _address(identity.acting_agent(caller.principal, request.agent))
        command = c.Logout(reason=clean_reason(request.reason))
        return await self._asking.submit(caller, request, address, command, _agent_at(address), acting=address.id)

    async def AcceptOffer(self, request: pb.AcceptOfferRequest, caller: Caller) -> bytes:  # noqa: N802
        """Accept an offer."""
        address, number, agent = await self._offered(request.name, caller)
        command = c.AcceptOffer(number=number, agent=agent)
        answer = conversation_in(address, caller.principal)
        return await self._asking.submit(caller, request, address, command, answer, acting=agent)

    async def DeclineOffer(self, request: pb.DeclineOfferRequest, caller: Caller) -> bytes:  # noqa: N802
        """Decline an offer."""
        address, number, agent = await self._offered(request.name, caller)
        command = c.DeclineOffer(number=number, agent=agent, reason=clean_reason(request.reason))
        return await self._asking.submit(caller, request, address, command, lambda _: Empty(), acting=agent)

    async def _offered(self, name: str, caller: Caller) -> tuple[Address, int, AgentId]:
        """The conversation and number of an offer, and the agent who answers it: an AGENT himself, else its own."""
        conversation, number = names.offer("name", name)
        own = identity.own_agent(caller.principal)
        if own is None:
            try:
                state, _ = await self._asking.conversation(conversation)
            except ConversationNotFound:
                raise OfferNotFound(name) from None
            identity.check_offer(caller.principal, state, number)
            own = state.offers[number - 1].agent
        return names.conversation_of(conversation), number, own

    def _chosen(self, request: pb.ListAgentsRequest) -> dict[str, Agent]:
        agents, domain = self._asking.shard.facts.agents(), None
        if request.state and request.state not in AGENT_STATE_FROM:
            raise BadField("state", "is no state of an agent")
        chosen = set(agents)
        if request.queue:
            queue = self._asking.queue(names.queue("queue", request.queue))
            domain = queue.settings.media_domain
            chosen = set(self._asking.shard.matching.agents_of(queue.settings.id))
        state = AGENT_STATE_FROM.get(request.state)
        return {name: agents[name] for name in chosen if state is None or is_in_state(agents[name], state, domain)}


def _address(agent: AgentId) -> Address:
    return Address(Kind.AGENT, agent)


def _agent_at(address: Address) -> Callable[[Outcome], agent_pb2.Agent]:
    def render(outcome: Outcome) -> agent_pb2.Agent:
        state = outcome.state(address)
        if not isinstance(state, Agent):
            raise TypeError(f"{address} was changed and has no state")
        return agent_to(state)

    return render

"""Everybody else who calls: a service that opens conversations, a supervisor, an admin who changes the site."""

from typing import TYPE_CHECKING

from hookflash.v1 import admin_service_pb2, agent_pb2, agent_service_pb2, channel_pb2, conversation_pb2, queue_pb2
from hookflash.v1 import conversation_service_pb2 as pb

from .desk import open_invite_of
from .mix import OFFICE_DEEDS, Mix
from .network import Client

if TYPE_CHECKING:
    from .world import World

__all__ = ["Admin", "Office", "calm_site", "site"]


class Office:
    """A service or a supervisor."""

    def __init__(self, world: "World", name: str, client: Client) -> None:
        self.world, self.name, self.client = world, name, client
        self._beat = 0

    def beat(self) -> None:
        """Do one thing."""
        self._beat += 1
        world = self.world
        if world.is_calm:
            return
        random = world.chance.fresh(f"{self.name} beat {self._beat}")
        deeds = world.mix.office
        deed = random.choices((*OFFICE_DEEDS, "idle"), [deeds[each] for each in (*OFFICE_DEEDS, "idle")])[0]
        pick, other = random.random(), random.random()
        if deed == "open":
            world.start(self._open(pick, other))
        elif deed == "readiness":
            request = agent_service_pb2.SetAgentStateRequest(
                request_id=self._id(deed),
                agent=f"agents/a{int(pick * world.mix.agents)}",
                state=agent_pb2.READINESS_NOT_READY if other < 0.5 else agent_pb2.READINESS_READY,
            )
            world.start(self.client.call("AgentService/SetAgentState", request))
        elif deed != "idle":
            world.start(self._with_one(deed, pick, other))

    async def _open(self, pick: float, other: float) -> None:
        mix = self.world.mix
        number = int(pick * mix.customers)
        request = pb.CreateConversationRequest(
            request_id=self._id("open"),
            channel=f"channels/c{number % mix.channels}",
            address=f"customer {number}",
        )
        request.customer.display_name = f"Customer {number}"
        if other < 0.6:
            request.target.queue = f"queues/q{int(other * mix.queues)}"
        elif other < 0.8:
            request.target.agent = f"agents/a{int(other * mix.agents)}"
        if 0.3 < pick < 0.5:
            request.conversation_id = self._id("named")
        await self.client.call("ConversationService/CreateConversation", request)

    async def _with_one(self, deed: str, pick: float, other: float) -> None:
        """Look for an open conversation and do something with it."""
        found = await self.client.call("ConversationService/ListConversations", pb.ListConversationsRequest(), tries=1)
        if not found.is_ok or deed == "list":
            return
        all_ = pb.ListConversationsResponse.FromString(found.answer).conversations
        talks = [each for each in all_ if each.state != conversation_pb2.CONVERSATION_STATE_CLOSED]
        if not talks:
            return
        talk = talks[int(pick * len(talks))]
        mix, request_id, call = self.world.mix, self._id(deed), self.client.call
        agent = f"agents/a{int(other * mix.agents)}"
        match deed:
            case "route":
                route = pb.RouteRequest(request_id=request_id, name=talk.name)
                route.target.queue = f"queues/q{int(other * mix.queues)}"
                await call("ConversationService/Route", route)
            case "close":
                await call(
                    "ConversationService/CloseConversation",
                    pb.CloseConversationRequest(request_id=request_id, name=talk.name),
                )
            case "cancel":
                if invite := open_invite_of(talk):
                    await call(
                        "ConversationService/CancelInvite", pb.CancelInviteRequest(request_id=request_id, name=invite)
                    )
            case "leave_for":
                await call(
                    "ConversationService/Leave", pb.LeaveRequest(request_id=request_id, name=talk.name, agent=agent)
                )
            case "whisper_for":
                if mix.whispers.are_said:
                    text = self.world.secret(request_id)
                    await call(
                        "ConversationService/Whisper",
                        pb.WhisperRequest(request_id=request_id, name=talk.name, agent=agent, text=text),
                    )
            case _:
                dry = pb.TransferRequest(request_id=request_id, name=talk.name, agent=agent, validate_only=True)
                dry.target.queue = f"queues/q{int(other * mix.queues)}"
                await call("ConversationService/Transfer", dry)

    def _id(self, deed: str) -> str:
        return f"{self.name}-{self._beat}-{deed}"


class Admin:
    """Whoever changes queues, agents and capacities while everybody works."""

    def __init__(self, world: "World", client: Client) -> None:
        self.world, self.client = world, client
        self._beat = 0

    def beat(self) -> None:
        """Change something."""
        self._beat += 1
        if not self.world.is_calm:
            self.world.start(self.client.call("AdminService/Apply", self._change()))

    def _change(self) -> admin_service_pb2.ApplyRequest:
        mix = self.world.mix
        random = self.world.chance.fresh(f"admin beat {self._beat}")
        request = admin_service_pb2.ApplyRequest(request_id=f"admin-{self._beat}")
        drawn = random.random()
        if drawn < 0.1:
            # Its adapter is stopped and another one started.
            request.channels.append(channel(mix, random.randrange(mix.channels), random.randrange(mix.queues)))
        elif drawn < 0.6:
            number = random.randrange(mix.agents)
            request.agents.append(agent(number, random.randint(0, 4), random.randint(0, 10)))
            if random.random() < 0.5:
                request.agents[0].queues.append(f"queues/q{random.randrange(mix.queues)}")
        else:
            changed = queue(mix, random.randrange(mix.queues), random.randint(0, 3), random.randint(1, 5))
            if random.random() < 0.4:
                changed.strategy = random.choice(("longest_available", "least_occupied", "moody", "whimsical"))
            if random.random() < 0.3:
                changed.offer_timeout.FromMilliseconds(7_007)
            request.queues.append(changed)
        return request


def calm_site(mix: Mix) -> admin_service_pb2.ApplyRequest:
    """What lets everything come to rest: everybody serves everything, and no queue is too short."""
    request = admin_service_pb2.ApplyRequest(request_id="calm site")
    for number in range(mix.queues):
        request.queues.add(name=f"queues/q{number}", priority=1, waiting_max=10_000)
    request.agents.extend(agent(number, -1, 10) for number in range(mix.agents))
    return request


def site(mix: Mix) -> admin_service_pb2.ApplyRequest:
    """What is there from the start."""
    request = admin_service_pb2.ApplyRequest(request_id="site")
    request.attributes.add(name="attributes/skill", kind=2)
    for number in range(mix.queues):
        request.queues.append(queue(mix, number, number % 3, 1 + number % 3))
    for number in range(mix.agents):
        request.agents.append(agent(number, -1, number % 11))
    for number in range(mix.channels):
        request.channels.append(channel(mix, number, number % mix.queues))
    return request


def channel(mix: Mix, number: int, queue: int) -> channel_pb2.Channel:
    """A channel, and the queue to which its customers go."""
    is_external = mix.has_external and number == mix.channels - 1
    kind = "outside" if is_external else "simulated"
    return channel_pb2.Channel(name=f"channels/c{number}", kind=kind, is_external=is_external, queue=f"queues/q{queue}")


def queue(mix: Mix, number: int, steps: int, priority: int) -> queue_pb2.Queue:
    """A queue with so many steps."""
    made = queue_pb2.Queue(name=f"queues/q{number}", display_name=f"Queue {number}", priority=priority)
    if mix.strategy and number == 0:
        made.strategy = "whimsical" if mix.is_asked_in_turn else "moody"
    if number == 1:
        made.ordering = "age_and_priority"
    for step in range(steps):
        made.steps.add(expression=f"skill >= {8 - 3 * step}").wait.FromMilliseconds(3_003)
    if number and mix.queues > 1 and number % 2:
        made.overflow = "queues/q0"
        made.waiting_max = 2
    return made


def agent(number: int, capacity: int, skill: int) -> agent_pb2.Agent:
    """An agent; a capacity below 0 is the default."""
    made = agent_pb2.Agent(name=f"agents/a{number}", display_name=f"Agent {number}")
    if skill:
        made.attributes["skill"] = skill
    if capacity >= 0:
        made.domains.add(media_domain="chat", capacity=capacity)
    return made

"""QueueService: queues and their figures."""

from hookflash.engine.server import identity, names
from hookflash.engine.server.asking import Asking
from hookflash.engine.server.caller import Caller
from hookflash.engine.server.pages import page_of
from hookflash.engine.server.queue_board import QueueBoard
from hookflash.sdk.types import AgentId
from hookflash.v1 import queue_pb2
from hookflash.v1 import queue_service_pb2 as pb

__all__ = ["QueueServicer"]


class QueueServicer:
    """The methods of QueueService."""

    def __init__(self, asking: Asking, board: QueueBoard) -> None:
        """Take whom to ask."""
        self._asking, self._board = asking, board

    async def GetQueue(self, request: pb.GetQueueRequest, _caller: Caller) -> queue_pb2.Queue:  # noqa: N802
        """Read one queue."""
        queue = self._asking.queue(names.queue("name", request.name))
        return await self._asking.durable(self._board.queue(queue))

    async def ListQueues(self, request: pb.ListQueuesRequest, caller: Caller) -> pb.ListQueuesResponse:  # noqa: N802
        """List queues by name, the asker and a conversation's participants left out of the counts."""
        size, leave_out = self._asking.page_size(request.page_size), await self._left_out(request, caller)
        page, token = page_of(self._asking.shard.facts.queues(), request.page_token, size)
        queues = [self._board.queue(queue, leave_out) for queue in page]
        return await self._asking.durable(pb.ListQueuesResponse(queues=queues, next_page_token=token))

    async def WatchQueues(self, _request: pb.WatchQueuesRequest, caller: Caller) -> None:  # noqa: N802
        """Stream every queue once, then those that changed."""
        await self._board.watch(caller)

    async def _left_out(self, request: pb.ListQueuesRequest, caller: Caller) -> frozenset[AgentId]:
        """The asking agent, who is the caller himself where an AGENT names nobody, and who is in the conversation."""
        asker = names.agent_or_none("agent", request.agent) or identity.own_agent(caller.principal)
        left_out = frozenset() if asker is None else frozenset({asker})
        if request.conversation:
            state, _ = await self._asking.conversation(names.conversation("conversation", request.conversation))
            left_out |= {participant.agent for participant in state.participants}
        return left_out

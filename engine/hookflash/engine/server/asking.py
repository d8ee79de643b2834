"""How servicers ask the engine: commands to the shard, questions to the views, states of entities.

A mutation's answer is rendered once, at the seal, and serialised there: what a repeat gets are the same bytes.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any, Final, NamedTuple, TypeVar

from google.protobuf.message import Message

from hookflash.engine.actors.calls import Call, Outcome
from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.agent import Agent
from hookflash.engine.domain.commands import Command
from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.queue import Queue
from hookflash.engine.domain.refusals import (
    AgentNotFound,
    BadField,
    ConversationNotFound,
    JournalUnavailable,
    QueueNotFound,
    TextBlocked,
)
from hookflash.engine.server.caller import Caller
from hookflash.engine.server.ports import Engine
from hookflash.engine.views.reads import Reads
from hookflash.sdk.filters import FilterContext, FilterStage
from hookflash.sdk.types import ConversationId

__all__ = ["Asking", "RequestText", "event_in"]

T = TypeVar("T")
E = TypeVar("E")

REQUEST_ID_LENGTH_MAX: Final = 128
"""Characters of a request_id."""

_VIEWS_WAIT_S: Final = 2.0
_VIEW_THREADS: Final = 4
_PAGE_SIZE: Final = 100


class RequestText(NamedTuple):
    """A text in a request (None: there is none), its field, where it stands, and the command it becomes part of.

    `beside` are shorter texts that go with it; what filters would change in one of those is refused.
    """

    text: str | None
    stage: FilterStage
    command: Callable[[str | None], Command]
    field: str = "text"
    beside: tuple[str, ...] = ()


class Asking:
    """The engine as the servicers use it."""

    def __init__(self, engine: Engine) -> None:
        """Take the engine's parts."""
        self.engine: Final = engine
        self.shard: Final = engine.shard
        self.limits: Final = engine.limits
        self.new_id: Final = engine.ids.new
        self._threads = ThreadPoolExecutor(_VIEW_THREADS, thread_name_prefix="hookflash-reads")

    def close(self) -> None:
        """Ask nothing any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    # --- commands

    def submit(
        self,
        caller: Caller,
        request: Any,  # noqa: ANN401  any request that is a command
        address: Address,
        command: Command,
        answer: Callable[[Outcome], Message],
        *,
        acting: str | None = "",
        is_fresh: bool = False,
    ) -> Awaitable[bytes]:
        """Run the request's command now; the answer comes when it is durable. Raises Refusal when awaited."""
        call = _call(caller, request, acting, is_fresh=is_fresh)
        return self.shard.submit(address, command, call, lambda outcome: answer(outcome).SerializeToString())

    async def say(
        self,
        caller: Caller,
        request: Any,  # noqa: ANN401  any request that is a command
        address: Address,
        said: RequestText,
        answer: Callable[[Outcome], Message],
        *,
        acting: str,
    ) -> bytes:
        """Run a request's command with its text as the filters let it pass. Raises TextBlocked, besides Refusal."""
        filters, text = self.engine.questions.filters, said.text
        if (text or said.beside) and filters.has(said.stage):
            conversation = ConversationId(address.id)
            live = self.shard.facts.conversation(conversation)
            context = FilterContext(
                stage=said.stage,
                conversation=conversation,
                channel=None if live is None else live.channel,
                role=caller.principal.role,
            )
            try:
                text = await filters.outgoing(text, context, said.field) if text else text
                for other in said.beside:
                    _require_whole(other, await filters.outgoing(other, context, said.field), said.field)
            except TextBlocked:
                # What went through before is answered as before, whatever the filters say by now (R-G8).
                known = await self.shard.answer_of(_call(caller, request, acting))
                if known is None:
                    raise
                return known
        return await self.submit(caller, request, address, said.command(text), answer, acting=acting)

    # --- states

    async def conversation(self, identifier: str) -> tuple[Conversation, int]:
        """A conversation and the position of its last change. Raises ConversationNotFound."""
        found = await self.shard.read(Address(Kind.CONVERSATION, identifier))
        if found is None or not isinstance(found[0], Conversation):
            raise ConversationNotFound(identifier)
        return found[0], found[1]

    async def agent(self, identifier: str) -> Agent:
        """An agent. Raises AgentNotFound."""
        found = await self.shard.read(Address(Kind.AGENT, identifier))
        if found is None or not isinstance(found[0], Agent):
            raise AgentNotFound(identifier)
        return found[0]

    def queue(self, identifier: str) -> Queue:
        """A queue as it is now, durable or not yet. Raises QueueNotFound."""
        found = self.shard.state(Address(Kind.QUEUE, identifier))
        if not isinstance(found, Queue):
            raise QueueNotFound(identifier)
        return found

    def now(self) -> float:
        """The engine time."""
        return self.shard.clock.now()

    async def durable(self, answer: T) -> T:
        """The answer, once everything it may have been made from is on the disk."""
        await self.shard.until_durable(self.shard.last_position)
        return answer

    # --- views

    async def viewed(self, position: int, question: Callable[[Reads], T]) -> T:
        """The views' answer as of that position or later. Raises JournalUnavailable where they are too far behind."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._viewed, position, question)

    def _viewed(self, position: int, question: Callable[[Reads], T]) -> T:
        if not self.engine.projector.wait_for(position, _VIEWS_WAIT_S):
            raise JournalUnavailable("its views are behind")
        return question(self.engine.views)

    async def in_thread(self, question: Callable[[], T]) -> T:
        """The answer to a question that blocks, such as one to the journal."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, question)

    # --- pages

    def page_size(self, given: int) -> int:
        """How many entries to answer. Raises BadField."""
        if given < 0:
            raise BadField("page_size", "must not be negative")
        return min(given or _PAGE_SIZE, self.limits.page_size_max)


def event_in(outcome: Outcome, cls: type[E]) -> E:
    """The first event of that class in the outcome."""
    for fact in outcome.facts:
        if isinstance(fact.event, cls):
            return fact.event
    raise LookupError(f"the outcome has no {cls.__name__}")


def _call(caller: Caller, request: Any, acting: str | None, *, is_fresh: bool = False) -> Call:  # noqa: ANN401
    method = caller.method
    request_id: str = request.request_id if method.is_command else ""
    if len(request_id) > REQUEST_ID_LENGTH_MAX:
        raise BadField("request_id", f"must have at most {REQUEST_ID_LENGTH_MAX} characters")
    return Call(
        principal=caller.principal,
        method=method.path,
        request_id=request_id,
        digest=_digest(request) if request_id else b"",
        etag=request.etag if method.has_etag else "",
        acting=acting if acting and caller.principal.subject != f"agents/{acting}" else "",
        is_fresh=is_fresh,
        is_dry_run=method.has_dry_run and request.validate_only,
    )


def _digest(request: Message) -> bytes:
    return sha256(request.SerializeToString(deterministic=True)).digest()


def _require_whole(text: str, passed: str, field: str) -> None:
    """A title with a part taken out of it would be another choice: it is refused."""
    if passed != text:
        raise TextBlocked(field)

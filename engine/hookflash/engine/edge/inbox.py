"""The inbox: what customers bring becomes commands, each of them once, however often the outside brings it.

The dedupe key (channel and external id) lies in the record that an arrival makes, whatever else remembers it.
Two first messages at once may both find no conversation open; the second is refused by the first and looks again.
"""

import hashlib
from contextlib import suppress
from typing import Final, final

from hookflash.engine.actors.calls import Call, Outcome
from hookflash.engine.actors.clock import Clock
from hookflash.engine.domain import commands as c
from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.limits import Limits
from hookflash.engine.domain.refusals import (
    ChannelNotFound,
    ConversationClosed,
    ConversationExists,
)
from hookflash.engine.domain.struct import changed
from hookflash.engine.domain.text import clean_message
from hookflash.engine.domain.values import Customer, Filtering, Target
from hookflash.engine.ids import IdMaker
from hookflash.engine.journal.record import CauseKind
from hookflash.engine.plugins.text_filters import Screened, TextFilters
from hookflash.sdk.filters import FilterContext, FilterStage
from hookflash.sdk.types import ChannelId, ConversationId, Principal

from .media import with_url
from .opening import Opening
from .ports import EdgeShard
from .rates import Rates

__all__ = ["Inbox"]

_LOOKS_MAX: Final = 5


@final
class Inbox:
    """Takes what customers bring, from ChannelService and from the engine's own adapters alike."""

    def __init__(
        self,
        shard: EdgeShard,
        ids: IdMaker,
        clock: Clock,
        limits: Limits,
        *,
        filters: TextFilters | None = None,
        opening: Opening | None = None,
    ) -> None:
        """Submit to that shard; new conversations get ids from `ids`.

        Texts go through `filters`, and `opening` says where new conversations go.
        """
        self._shard = shard
        self._limits = limits
        self._filters = filters
        self._opening = opening
        self._ids = ids
        self._rates: Rates[tuple[ChannelId, str]] = Rates(
            clock, limits.customer_commands_per_s_max, limits.command_burst_max
        )

    @property
    def text_length_max(self) -> int:
        """How long a customer's text may be."""
        return self._limits.message_length_max

    async def receive(  # noqa: PLR0913  each is something that was brought
        self,
        principal: Principal,
        channel: ChannelId,
        address: str,
        external_id: str,
        *,
        text: str | None,
        choice_id: str = "",
        customer: Customer | None = None,
        target: Target | None = None,
        brought_as: str = "",
        media_url: str | None = None,
    ) -> tuple[ConversationId | None, bool]:
        """Take what a customer wrote, or (text None) that he left; answers his conversation and whether it is a repeat.

        `brought_as` is the address that he was brought under, where he is known under another one; `media_url` where
        the medium is served that his text is the words to.

        Raises Refusal: RateLimited before anything else is looked at, whatever the conversation's rules refuse after.
        """
        self._rates.admit((channel, address))
        if channel not in self._shard.facts.channels():
            raise ChannelNotFound(channel)
        call = Call(
            principal=principal,
            method="Receive",
            request_id=f"{channel}/{external_id}" if external_id else "",
            digest=_digest(brought_as or address, text),
            cause=CauseKind.ARRIVAL,
        )
        shown = text if text is None or media_url is None else with_url(text, media_url, self.text_length_max)
        screened = await self._screen(channel, address, shown)
        opening = c.OpenConversation(
            channel=channel,
            address=address,
            customer=customer or Customer(),
            target=target,
            text=None if screened is None else screened.text,
            filtering=Filtering.NONE if screened is None else screened.filtering,
            # What no filter may show goes with it: a customer's own client can say anything for an id.
            choice_id="" if screened is None or screened.filtering is Filtering.WITHHELD else choice_id,
        )
        for _ in range(_LOOKS_MAX - 1):
            # Opened or closed by another arrival between the look and the turn: look again.
            with suppress(ConversationExists, ConversationClosed):
                return await self._receive(opening, call)
        return await self._receive(opening, call)

    def is_open(self, channel: ChannelId, address: str) -> bool:
        """Whether that customer has a conversation open."""
        return self._shard.facts.conversation_at(channel, address) is not None

    async def echo(
        self,
        principal: Principal,
        channel: ChannelId,
        address: str,
        external_id: str,
        text: str,
        *,
        brought_as: str = "",
    ) -> None:
        """Take what somebody of ours wrote past the engine; nothing where the customer has no conversation open.

        Raises Refusal, as `receive` does.
        """
        self._rates.admit((channel, address))
        found = self._shard.facts.conversation_at(channel, address)
        if found is None:
            return
        call = Call(
            principal=principal,
            method="Receive",
            request_id=f"{channel}/{external_id}",
            digest=_digest(brought_as or address, text),
            cause=CauseKind.ARRIVAL,
        )
        screened = await self._screen(channel, address, text) or Screened(text=text)
        command = c.RecordEcho(text=screened.text, filtering=screened.filtering)
        await self._shard.submit(Address(Kind.CONVERSATION, found), command, call)

    async def _screen(self, channel: ChannelId, address: str, text: str | None) -> Screened | None:
        """The text as the filters leave it; the digest stays that of what came, so a repeat is known as one."""
        if text is None:
            return None
        if self._filters is None or not self._filters.has(FilterStage.INBOUND):
            return Screened(text=text)
        context = FilterContext(
            stage=FilterStage.INBOUND,
            conversation=self._shard.facts.conversation_at(channel, address),
            channel=channel,
        )
        return await self._filters.inbound(clean_message(text, self._limits.message_length_max), context)

    async def _receive(self, opening: c.OpenConversation, call: Call) -> tuple[ConversationId | None, bool]:
        found = self._shard.facts.conversation_at(opening.channel, opening.address)
        if found is None and opening.text is not None:
            opening = await self._destined(opening, opening.text)
            found = self._shard.facts.conversation_at(opening.channel, opening.address)
        conversation = found or ConversationId(self._ids.new())
        was_run = False

        def answer(_outcome: Outcome) -> bytes:
            nonlocal was_run
            was_run = True
            return b"" if found is None and opening.text is None else conversation.encode()

        command: c.ConversationCommand = opening
        if opening.text is None:
            command = c.EndSession()
        elif found is not None:
            command = c.ReceiveMessage(text=opening.text, filtering=opening.filtering, choice_id=opening.choice_id)
        address = Address(Kind.CONVERSATION, conversation)
        answered = await self._shard.submit(address, command, call._replace(is_fresh=found is None), answer)
        # Empty: he left and had nothing open. That is remembered too, or a repeat could end what he opened since.
        return ConversationId(answered.decode()) if answered else None, not was_run

    async def _destined(self, opening: c.OpenConversation, text: str) -> c.OpenConversation:
        channel = self._shard.facts.channels().get(opening.channel)
        if self._opening is None or channel is None:
            return opening
        destination = await self._opening.of(
            channel,
            opening.address,
            text=text,
            customer_name=opening.customer.display_name,
            target=opening.target,
        )
        return changed(opening, target=destination.target, chosen_by=destination.chosen_by, closed=destination.closed)


def _digest(address: str, text: str | None) -> bytes:
    """Of what was brought, not of the command: brought again, it may find another conversation, or one closed."""
    said = "left" if text is None else f"text {text}"
    return hashlib.blake2b(f"{address}\0{said}".encode(errors="surrogatepass"), digest_size=16).digest()

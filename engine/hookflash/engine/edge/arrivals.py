"""What one channel brings, from the adapter to the conversations: durable first, then done, customer by customer.

Whoever brings something may forget it when `bring` returns: it is in the inbox's file, and what is not done when the
engine stops is done after the next start. A customer who is refused for now holds up nobody but himself.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Iterable
from contextlib import aclosing, suppress
from random import Random
from typing import Final, assert_never, final

import msgspec
import structlog

from hookflash.engine.actors.clock import Clock
from hookflash.engine.domain.refusals import Reason, Refusal
from hookflash.engine.domain.values import Customer
from hookflash.sdk.channel import Arrival, ChannelAdapter, Typing
from hookflash.sdk.errors import NotTaken
from hookflash.sdk.hosting.patience import caught, sleep
from hookflash.sdk.types import ChannelId

from .aliases import Aliases
from .echoes import Echoes
from .inbox import Inbox
from .inbox_file import ArrivalRow, InboxFile
from .inbox_rows import Echoed, Left, Pending, Reported, Said, read_body, row_of
from .media import MediaStore, new_place
from .patience import adapter_principal
from .ports import FaultListener
from .receipts import ReceiptJoiner
from .signs import TypingSigns
from .trouble import Trouble, told

__all__ = ["AT_WORK_MAX", "PENDING_MAX", "ArrivalTaker", "InboxFullError"]

PENDING_MAX: Final = 10_000
"""What one channel has brought and is not done yet; beyond this nothing more is taken."""

AT_WORK_MAX: Final = 16
"""Commands of one channel at work at once: one that floods has this share of the engine, and waits for the rest."""

_POLL_BACKOFF_MAX_S: Final = 60.0
_POLL_LASTING_S: Final = 120.0
_RETRY_MIN_S: Final = 0.05
_RETRY_KEEPING_S: Final = 1.0

_log = structlog.get_logger(__name__)


class InboxFullError(Exception):
    """The channel has brought more than is done for now."""


@final
class ArrivalTaker:
    """One channel's arrivals; `tasks` are those at work."""

    def __init__(  # noqa: PLR0913  each of these is its own part of the engine
        self,
        channel: ChannelId,
        adapter: ChannelAdapter,
        *,
        file: InboxFile,
        inbox: Inbox,
        receipts: ReceiptJoiner,
        echoes: Echoes,
        media: MediaStore,
        signs: TypingSigns,
        aliases: Aliases,
        clock: Clock,
        random: Random,
        on_fault: FaultListener,
    ) -> None:
        """`on_fault` is told hook, error and fallback."""
        self.tasks: set[asyncio.Task[None]] = set()
        self._channel = channel
        self._adapter = adapter
        self._file = file
        self._inbox = inbox
        self._receipts = receipts
        self._echoes = echoes
        self._media = media
        self._signs = signs
        self._aliases = aliases
        self._clock = clock
        self._random = random
        self._on_fault = on_fault
        self._failures = 0
        self._polled_at = 0.0
        self._trouble: Trouble | None = None
        self._is_stopped = False
        self._lanes: dict[str, deque[tuple[int, Pending]]] = {}
        self._pending = 0
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._turns = asyncio.Semaphore(AT_WORK_MAX)

    async def resume(self) -> None:
        """Go on with what was brought before the engine stopped; before anything else is brought."""
        for number, body in await self._file.not_done(self._channel):
            self._enter_lane(number, read_body(body))

    def stop(self) -> None:
        """Take nothing any more, also of an adapter that does not let itself be cancelled; what is kept stays kept."""
        self._is_stopped = True
        self._has_room.set()
        for task in self.tasks:
            task.cancel()

    async def run(self) -> None:
        """Poll until the adapter has nothing more to bring; a poll that fails is begun again after a while."""
        while not self._is_stopped:
            self._polled_at = self._clock.now()
            try:
                await caught(self._poll)
            except Exception as error:  # noqa: BLE001  whatever an adapter raises has an answer
                self._note_poll_failed(error)
                top_s = min(2.0 ** min(self._failures - 1, 20), _POLL_BACKOFF_MAX_S)
                self._tell_poll_failed(type(error).__name__, top_s)
                await sleep(self._clock, top_s * (0.5 + self._random.random() / 2))
            else:
                self._went_well()
                return

    def _tell_poll_failed(self, error: str, again_s: float) -> None:
        """Tell the first failure in a row, the second, the fourth, the eighth: a provider may be down for days."""
        count = self._failures
        if count & (count - 1) == 0:
            words = error if count == 1 else f"{error}, {count:,} times in a row"
            self._on_fault("poll", words, f"polled again within {again_s:g} s")

    @property
    def trouble(self) -> Trouble | None:
        """What polling fails with; None where it brings something, or has not failed for a while."""
        if self._failures and self._clock.now() - self._polled_at > _POLL_LASTING_S:
            return None
        return self._trouble

    def _note_poll_failed(self, error: Exception) -> None:
        if self._clock.now() - self._polled_at > _POLL_LASTING_S:
            self._went_well()
        self._failures += 1
        self._polled_at = self._clock.now()
        since = self._clock.now() if self._trouble is None else self._trouble.since
        times = "once" if self._failures == 1 else f"{self._failures:,} times in a row"
        self._trouble = Trouble(
            words=f"asking its provider for what came in failed {times}: {told(error)}", since=since
        )

    def _went_well(self) -> None:
        self._failures, self._trouble = 0, None

    async def bring(self, arrivals: Iterable[Arrival], hook: str) -> None:
        """Keep what an adapter's hook brought; what is no arrival is a fault and skipped, a repeat is left out.

        Raises InboxFullError and sqlite3.Error; then nothing of it is kept.
        """
        rows = self._rows(arrivals, hook)
        if self._pending + len(rows) > PENDING_MAX:
            raise InboxFullError
        if not rows:
            return
        learnt = self._aliases.learnt()
        try:
            numbers = await self._file.keep(rows, learnt)
        except sqlite3.Error:
            self._aliases.back(learnt)
            raise
        for number, row in zip(numbers, rows, strict=True):
            if number is not None:
                self._enter_lane(number, read_body(row.body))

    async def take(self, arrival: Arrival) -> None:
        """Take one arrival at once: it is durable, in its conversation, when this returns. Raises NotTaken."""
        if self._is_stopped:
            raise NotTaken("DRAINING", _RETRY_KEEPING_S)
        if isinstance(arrival, Typing):
            self._rows((arrival,), "take")
            return
        rows = self._rows((arrival,), "take")
        if not rows:
            raise NotTaken("BAD_FIELD")
        try:
            await self._aliases.save()
            await self._do(read_body(rows[0].body))
        except sqlite3.Error as error:
            _log.warning("alias_not_kept", channel=self._channel, error=str(error))
            raise NotTaken(str(Reason.JOURNAL_UNAVAILABLE), _RETRY_KEEPING_S) from None
        except Refusal as refusal:
            raise NotTaken(str(refusal.reason), refusal.retry_after_s) from None

    async def _poll(self) -> None:
        async with aclosing(self._adapter.poll()) as arrivals:  # type: ignore[type-var]  # may be any iterator
            async for arrival in arrivals:
                await self._bring_patiently(arrival)
                # Neither the adapter nor a quick disk may have waited for anything: everybody else has his turn.
                await asyncio.sleep(0)
                if self._is_stopped:
                    return  # Asked for the next, the adapter would take this one, perhaps not kept, for done.
                self._went_well()

    async def _bring_patiently(self, arrival: Arrival) -> None:
        while not self._is_stopped:
            try:
                await self.bring((arrival,), "poll")
            except InboxFullError:
                self._has_room.clear()
                await self._has_room.wait()
            except sqlite3.Error as error:
                _log.warning("arrival_not_kept", channel=self._channel, error=str(error))
                await sleep(self._clock, _RETRY_KEEPING_S)
            else:
                return

    def _rows(self, arrivals: Iterable[Arrival], hook: str) -> list[ArrivalRow]:
        """What is to be kept of these. What is no arrival is left out, and is one fault, however many there are."""
        rows: list[ArrivalRow] = []
        wrong: list[str] = []
        for arrival in arrivals:
            try:
                known = self._aliases.resolved(arrival)
                if isinstance(known, Typing):
                    self._show(known)
                    continue
                row = row_of(self._channel, known, now=self._clock.now(), place=new_place(self._random))
            except Exception as error:  # noqa: BLE001  untyped plugins put anything into an arrival
                wrong.append(type(error).__name__)
            else:
                rows += () if row is None else (row,)
        if wrong:
            self._on_fault(hook, f"brought {len(wrong)} that cannot be read: {wrong[0]}", "left them out")
        return rows

    def _show(self, typing: Typing) -> None:
        if type(typing.address.id) is not str:
            raise TypeError("an address is a text")
        self._signs.customer(self._channel, typing.address.id, is_typing=bool(typing.is_on))

    def _enter_lane(self, number: int, pending: Pending) -> None:
        self._pending += 1
        pending = self._fitted(pending)
        name = _lane_of(pending)
        lane = self._lanes.get(name)
        if lane is not None:
            lane.append((number, pending))
            return
        self._lanes[name] = lane = deque(((number, pending),))
        task = asyncio.get_running_loop().create_task(self._run_lane(name, lane))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _run_lane(self, name: str, lane: deque[tuple[int, Pending]]) -> None:
        """Do what one customer brought, in order; the lane is gone when it is empty."""
        try:
            while lane and not self._is_stopped:
                number, pending = lane[0]
                if await self._until_done(pending):
                    # Not done by the disk's fault: it is done once more after the next start, to no effect.
                    with suppress(sqlite3.Error):
                        await self._file.mark_done((number,))
                lane.popleft()
                self._pending -= 1
                self._has_room.set()
        finally:
            del self._lanes[name]

    async def _until_done(self, pending: Pending) -> bool:
        """Do it, however often it is refused for now; False where it is not done and stays kept."""
        while not self._is_stopped:
            try:
                await self._do(pending)
            except Refusal as refusal:
                if refusal.retry_after_s is None:
                    _log.warning("arrival_refused", channel=self._channel, reason=str(refusal.reason))
                    return True
                await sleep(self._clock, max(_RETRY_MIN_S, refusal.retry_after_s))
            except Exception:  # noqa: BLE001  a defect of ours must not hold up what this customer says next
                _log.exception("arrival_failed", channel=self._channel)
                return False
            else:
                return True
        return False

    async def _do(self, pending: Pending) -> None:
        match pending:
            case Said():
                # Another application answers him: shown to agents who are there, no reason to call one.
                if not pending.is_standby or self._inbox.is_open(self._channel, pending.address):
                    await self._receive(pending, pending.text, pending.name, await self._media_url(pending))
                    self._signs.reads.arrived(self._channel, pending.address, pending.external_id)
            case Left():
                await self._receive(pending, None, "")
            case Echoed():
                await self._echoes.take(
                    adapter_principal(self._channel),
                    self._channel,
                    pending.address,
                    pending.key,
                    text=pending.text,
                    external_id=pending.external_id,
                    delivery=pending.delivery_id,
                )
            case Reported():
                await self._receipts.take(self._channel, pending.receipt(self._channel))
            case _:
                assert_never(pending)

    def _fitted(self, pending: Pending) -> Pending:
        """What is too long for a message is cut, with a sign that it was: he who wrote it cannot be told."""
        length_max = self._inbox.text_length_max
        if not isinstance(pending, Said) or len(pending.text) <= length_max:
            return pending
        return msgspec.structs.replace(pending, text=f"{pending.text[: length_max - 1]}\N{HORIZONTAL ELLIPSIS}")

    async def _media_url(self, said: Said) -> str | None:
        """Where the medium is served that he sent, if he did and it can be had."""
        if said.media is None:
            return None
        return await self._media.url(self._channel, self._adapter, said.media, self._on_fault)

    async def _receive(self, pending: Said | Left, text: str | None, name: str, media_url: str | None = None) -> None:
        async with self._turns:
            await self._inbox.receive(
                adapter_principal(self._channel),
                self._channel,
                pending.address,
                pending.key,
                text=text,
                choice_id=pending.choice_id if isinstance(pending, Said) else "",
                customer=Customer(display_name=name),
                media_url=media_url,
            )


def _lane_of(pending: Pending) -> str:
    """What has to be in order: one customer's doings, and the receipts of one delivery."""
    if isinstance(pending, Reported):
        return f"receipt {pending.external_id or pending.delivery_id or pending.address}"
    return f"customer {pending.address}"

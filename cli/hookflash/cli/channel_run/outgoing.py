"""From the engine's deliveries to an adapter's `send`: in order per customer, customers side by side.

A delivery leaves here settled, or settled with a time to come again; then the later ones of its conversation come again
after it, so those that wait here are forgotten.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import isfinite
from random import Random
from typing import Final, final

import structlog
from google.protobuf.duration_pb2 import Duration

from hookflash.sdk.channel import Capabilities, ChannelAdapter, ChannelStore, CustomerAddress, Delivery, Idempotency
from hookflash.sdk.client import Client, HookflashError
from hookflash.sdk.client import messages as m
from hookflash.sdk.errors import AuthExpired, Blocked, Permanent, SendError, Throttled, Transient, WindowClosed
from hookflash.sdk.hosting.fallback import parts_of
from hookflash.sdk.hosting.pace import Pace
from hookflash.sdk.hosting.patience import LoopAlarms, within
from hookflash.sdk.messages import Choice, CustomerNotice, Media, MediaKind, MediaRef, Message, Template
from hookflash.sdk.types import ChannelId, ConversationId, DeliveryId

__all__ = ["Outgoing", "delivery_from"]

IN_FLIGHT_MAX: Final = 64
SEND_S: Final = 10.0
LIFE_S: Final = 3600.0
_BACKOFF_S: Final = 1.0
_BACKOFF_MAX_S: Final = 60.0
_PAUSE_S: Final = 30.0
_RETRY_MAX_S: Final = 86_400.0
_RELINK_S: Final = 10.0
_PARTS_MAX: Final = 1_000
_WINDOW_MAX_S: Final = 30 * 86_400.0
_WORDS_LENGTH_MAX: Final = 300
_MEDIA_KINDS: Final = {
    m.MediaKind.MEDIA_KIND_IMAGE: MediaKind.IMAGE,
    m.MediaKind.MEDIA_KIND_AUDIO: MediaKind.AUDIO,
    m.MediaKind.MEDIA_KIND_VIDEO: MediaKind.VIDEO,
}
_EXTERNAL_ID_LENGTH_MAX: Final = 512

_log = structlog.get_logger("hookflash.channel")


@final
class Outgoing:
    """One channel's deliveries; `counts` says how many ended how."""

    def __init__(
        self,
        channel: ChannelId,
        client: Client,
        adapter: ChannelAdapter,
        random: Random,
        *,
        relinked: Mapping[str, str],
        parts: ChannelStore,
        on_fault: Callable[[str, str, str], None],
        now: Callable[[], float],
    ) -> None:
        """Send what goes out through `channels/ID` of that server.

        `relinked` has the provider's ids of those that came back under our name, `parts` how many of a long one's are
        out; `on_fault` is told hook, error and fallback.
        """
        self.counts: Counter[str] = Counter()
        self._channel = channel
        self._client = client
        self._adapter = adapter
        self._random = random
        self._relinked = relinked
        self._parts = parts
        self._on_fault = on_fault
        self._now = now
        self._clock = LoopAlarms()
        self._pace = Pace(adapter.capabilities.rate_per_s, self._clock)
        self._open_at = 0.0
        self._lanes: dict[str, deque[m.Delivery]] = {}
        self._known: set[str] = set()
        # By conversation, the number that was postponed and the later ones left out meanwhile, by name and attempt.
        self._awaited: dict[str, tuple[int, dict[str, int]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures: Counter[str] = Counter()

    async def run(self) -> None:
        """Hand each delivery to its customer's lane; the stream comes back by itself. Raises HookflashError."""
        abilities = _abilities(self._adapter.capabilities)
        request = m.DeliveriesRequest(
            channel=f"channels/{self._channel}", max_in_flight=IN_FLIGHT_MAX, abilities=abilities
        )
        async for given in self._client.deliveries(request):
            if given.name not in self._known and not self._is_too_early(given):
                self._known.add(given.name)
                self._enter_lane(given)

    async def finish(self, grace_s: float = 5.0) -> None:
        """Let what is being sent come to its end for a few seconds."""
        for lane in self._lanes.values():
            while len(lane) > 1:
                lane.pop()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_s)
        for task in self._tasks:
            task.cancel()

    def _is_too_early(self, given: m.Delivery) -> bool:
        """Whether it was on its way here when an earlier one of its conversation was postponed: it comes again."""
        awaited = self._awaited.get(given.conversation)
        if awaited is None:
            return False
        sequence, before = awaited
        if given.sequence > sequence and before.setdefault(given.name, given.attempt) == given.attempt:
            return True
        del self._awaited[given.conversation]  # It is back, or was settled by somebody else.
        return False

    def _enter_lane(self, given: m.Delivery) -> None:
        lane = self._lanes.get(given.address)
        if lane is not None:
            lane.append(given)
            return
        self._lanes[given.address] = lane = deque((given,))
        task = asyncio.get_running_loop().create_task(self._run_lane(given.address, lane))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run_lane(self, address: str, lane: deque[m.Delivery]) -> None:
        try:
            while lane:
                given = lane[0]
                is_done = await self._send(given)
                self._forget(lane, given, is_done=is_done)
        finally:
            self._known.difference_update(left.name for left in lane)
            del self._lanes[address]

    def _forget(self, lane: deque[m.Delivery], given: m.Delivery, *, is_done: bool) -> None:
        lane.popleft()
        self._known.discard(given.name)
        if not is_done:
            # The engine hands them out again behind this one.
            for later in [each for each in lane if each.conversation == given.conversation]:
                lane.remove(later)
                self._known.discard(later.name)

    async def _send(self, given: m.Delivery) -> bool:
        """Send and settle; False where it comes again."""
        if (wait_s := self._open_at - self._clock.now()) > 0:
            return await self._postponed(given, "the account waits", wait_s)
        sent: list[str] = []
        try:
            await self._send_parts(delivery_from(given, self._channel), sent)
        except Exception as error:  # noqa: BLE001 - whatever an adapter raises has an answer
            return await self._failed(given, self._named(error), sent)
        self.counts["sent"] += 1
        self._failures.pop(given.address, None)
        settled = m.SettleDeliveryRequest(name=given.name, external_id=sent.pop() if sent else "")
        await self._settle(settled, sent)
        await self._parts.delete(given.name)
        return True

    async def _send_parts(self, delivery: Delivery, sent: list[str]) -> None:
        """Send what the delivery consists of, from the first part on that is not out; `sent` gets the parts' ids."""
        parts = parts_of(delivery, self._adapter.capabilities)
        done = int(await self._parts.get(delivery.id) or 0) if len(parts) > 1 else 0
        for number, part in enumerate(parts, start=1):
            came_back = self._relinked.get(part.id) if delivery.attempt > 1 else None
            if number <= done or came_back is not None:
                sent.append(came_back or "")
                continue
            await self._pace.wait()
            given: object = await within(self._clock, SEND_S, partial(self._adapter.send, part))
            sent.append(self._checked(given))
            if number < len(parts):
                await self._parts.put(delivery.id, str(number))

    def _checked(self, given: object) -> str:
        """What an adapter gave as the provider's id, if it can be one."""
        if isinstance(given, str) and len(given) <= _EXTERNAL_ID_LENGTH_MAX and given.isprintable():
            return str(given)
        self._on_fault("send", f"returned no external id but {type(given).__name__}", "settled without one")
        return ""

    async def _postponed(self, given: m.Delivery, words: str, retry_s: float, sent: Sequence[str] = ()) -> bool:
        self.counts["postponed"] += 1
        self._awaited[given.conversation] = (given.sequence, {})
        await self._settle(m.SettleDeliveryRequest(name=given.name, error=words, retry=_duration(retry_s)), sent)
        return False

    async def _failed(self, given: m.Delivery, error: SendError, sent: Sequence[str]) -> bool:
        retry_s = self._retry_s(given, error)
        words = _words(error)
        said_at = given.message.create_time if given.HasField("message") else given.notice.create_time
        if retry_s is not None and said_at.seconds and self._now() + retry_s > said_at.seconds + LIFE_S:
            retry_s, words = None, f"given up after {LIFE_S:g} s: {words}"
        if retry_s is not None:
            return await self._postponed(given, words, retry_s, sent)
        self.counts["failed"] += 1
        await self._settle(m.SettleDeliveryRequest(name=given.name, error=words), sent)
        await self._parts.delete(given.name)
        return True

    def _retry_s(self, given: m.Delivery, error: SendError) -> float | None:
        """When it is to come again; None where never."""
        match error:
            case Permanent() | Blocked() | WindowClosed():
                self._failures.pop(given.address, None)
                return None
            case Throttled(retry_after_s=retry_s) if isinstance(retry_s, int | float) and isfinite(retry_s):
                held_s = min(max(0.0, float(retry_s)), _RETRY_MAX_S)
                if error.scope == "account":
                    self._open_at = max(self._open_at, self._clock.now() + held_s)
                return held_s
            case AuthExpired():
                _log.error("channel_paused", channel=self._channel, reason=_words(error))
                self._open_at = max(self._open_at, self._clock.now() + _PAUSE_S)
                return _PAUSE_S
            case _:
                self._failures[given.address] += 1
                top_s = min(_BACKOFF_S * 2.0 ** min(self._failures[given.address] - 1, 20), _BACKOFF_MAX_S)
                backoff_s = top_s * (0.5 + self._random.random() / 2)
                # It may have arrived: a callback that names it tells, and then it is not sent again.
                is_relinking = self._adapter.capabilities.idempotency is Idempotency.RELINK
                return max(backoff_s, _RELINK_S) if is_relinking else backoff_s

    async def _settle(self, request: m.SettleDeliveryRequest, sent: Sequence[str] = ()) -> None:
        """Say what became of it, for as long as nobody hears it: sent again instead, it would be shown twice.

        `sent` are the ids of parts that went out beside the one that it names.
        """
        request.part_external_ids.extend(each for each in sent[:_PARTS_MAX] if each)
        while True:
            try:
                await self._client.settle_delivery(request)
            except HookflashError as error:
                if error.code not in ("UNAVAILABLE", "DEADLINE_EXCEEDED") and error.retry_delay is None:
                    _log.warning("delivery_not_settled", delivery=request.name, reason=error.reason)
                    return
                delay = error.retry_delay
                await asyncio.sleep(1.0 if delay is None else max(0.05, delay.total_seconds()))
            else:
                return

    def _named(self, error: Exception) -> SendError:
        if isinstance(error, SendError):
            return error
        if isinstance(error, TimeoutError):
            return Transient(f"no answer within {SEND_S:g} s")
        self._on_fault("send", type(error).__name__, "asked the adapter to classify it")
        try:
            named: object = self._adapter.classify(error)
        except BaseException as second:  # noqa: BLE001 - not even an exit of a plugin ends this
            self._on_fault("classify", type(second).__name__, "tried again later")
            return Transient(type(error).__name__)
        if isinstance(named, SendError):
            return named
        self._on_fault("classify", f"returned {type(named).__name__}", "tried again later")
        return Transient(type(error).__name__)


def delivery_from(given: m.Delivery, channel: ChannelId) -> Delivery:
    """Give a delivery of the API as adapters know it."""
    content: Message | CustomerNotice
    if given.HasField("notice"):
        content = CustomerNotice(key=given.notice.key, text=given.notice.text)
    else:
        said = given.message
        template = said.template if said.HasField("template") else None
        content = Message(
            sender_name=said.sender.rpartition("/")[2],
            text=said.text,
            choices=tuple(Choice(id=choice.id, title=choice.title) for choice in said.choices),
            template=None
            if template is None
            else Template(name=template.name, language=template.language, values=tuple(template.values)),
            media=_media_from(said.media) if said.HasField("media") else None,
        )
    return Delivery(
        id=DeliveryId(given.name),
        conversation=ConversationId(given.conversation.rpartition("/")[2]),
        sequence=given.sequence,
        to=CustomerAddress(channel=channel, id=given.address, aliases=tuple(given.aliases)),
        content=content,
        attempt=given.attempt,
    )


def _abilities(capabilities: Capabilities) -> m.ChannelAbilities:
    """What is to be refused to agents at once."""
    rejected = [m.ChannelContent.Value(f"CHANNEL_CONTENT_{each.upper()}") for each in sorted(capabilities.rejected)]
    window_s = capabilities.reply_window_s
    window = None if window_s is None or window_s > _WINDOW_MAX_S else _duration(window_s)
    return m.ChannelAbilities(rejected=rejected, reply_window=window)


def _media_from(given: m.MessageMedia) -> Media:
    size = given.size if given.HasField("size") else None
    ref = MediaRef(url=given.url, mime_type=given.mime_type, name=given.name, size=size)
    return Media(kind=_MEDIA_KINDS.get(given.kind, MediaKind.FILE), ref=ref)


def _duration(seconds: float) -> Duration:
    duration = Duration()
    duration.FromMilliseconds(max(1, int(seconds * 1_000)))
    return duration


def _words(error: SendError) -> str:
    """What an error says, never empty: an empty error would read as success."""
    line = "".join(sign if sign.isprintable() else " " for sign in str(error)[:_WORDS_LENGTH_MAX]).strip()
    return line or type(error).__name__

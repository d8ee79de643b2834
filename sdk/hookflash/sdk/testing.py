"""Contracts that a plugin's tests inherit: subclass one, supply its fixtures, and pytest collects its tests.

`contract` pins the set of tests, so that a newer SDK never turns a green plugin red: what is added later comes under a
higher number. Example: `class TestMine(StrategyContract)` with a pytest fixture `strategy` that returns the object.
"""
# ruff: noqa: S101 - these are tests

import asyncio
import random
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from inspect import isclass
from typing import ClassVar, final

import httpx

from hookflash.sdk.channel import (
    Arrival,
    Capabilities,
    ChannelAdapter,
    ChannelContext,
    CustomerAddress,
    Delivery,
    HttpRequest,
    Idempotency,
    Inbound,
    Typing,
)
from hookflash.sdk.config import Secret, fill
from hookflash.sdk.errors import BadSignature, ParseError, SendError
from hookflash.sdk.messages import CustomerNotice, Message
from hookflash.sdk.routing import (
    AgentView,
    InviteView,
    Offer,
    OrderedCandidates,
    QueueView,
    RoutingContext,
    RoutingStrategy,
    SelectingStrategy,
)
from hookflash.sdk.types import (
    AgentId,
    AgentState,
    ChannelId,
    ConversationId,
    DeliveryId,
    InviteId,
    InviteKind,
    MediaDomainId,
    QueueId,
)

__all__ = [
    "AdapterContract",
    "RecordedLog",
    "RecordedStore",
    "StrategyContract",
    "WebhookContract",
    "agent_views",
    "channel_context",
]


@final
class RecordedLog:
    """A ChannelLog that keeps what it is told in `entries`: level, event and fields."""

    def __init__(self) -> None:
        """Start empty."""
        self.entries: list[tuple[str, str, Mapping[str, object]]] = []

    def info(self, event: str, **fields: object) -> None:
        """Keep it."""
        self.entries.append(("info", event, fields))

    def warning(self, event: str, **fields: object) -> None:
        """Keep it."""
        self.entries.append(("warning", event, fields))


@final
class RecordedStore:
    """A ChannelStore in a dictionary, `values`."""

    def __init__(self) -> None:
        """Start empty."""
        self.values: dict[str, str] = {}

    async def get(self, key: str) -> str | None:
        """Give what was put under the key."""
        return self.values.get(key)

    async def put(self, key: str, value: str) -> None:
        """Keep a value."""
        self.values[key] = value

    async def delete(self, key: str) -> None:
        """Forget a key."""
        self.values.pop(key, None)


def channel_context(
    channel: str = "test",
    run_id: str = "run",
    log: RecordedLog | None = None,
    *,
    http: httpx.AsyncClient | None = None,
    store: RecordedStore | None = None,
    taken: list[Arrival] | None = None,
    public_url: str = "",
) -> ChannelContext:
    """Make a context whose time is virtual: it starts at 2026-01-01 UTC and `sleep` moves it on at once.

    What the adapter hands to `take` is appended to `taken`.
    """
    kept: list[Arrival] = [] if taken is None else taken

    async def take(arrival: Arrival) -> None:
        kept.append(arrival)

    now = [datetime(2026, 1, 1, tzinfo=UTC)]

    async def sleep(seconds: float) -> None:
        now[0] += timedelta(seconds=seconds)
        await asyncio.sleep(0)

    return ChannelContext(
        channel=ChannelId(channel),
        run_id=run_id,
        log=log or RecordedLog(),
        clock=lambda: now[0],
        sleep=sleep,
        create_task=lambda coroutine: asyncio.get_running_loop().create_task(coroutine),
        http=http or httpx.AsyncClient(),
        store=store or RecordedStore(),
        take=take,
        public_url=public_url,
    )


def agent_views(count: int, seed: int) -> list[AgentView]:
    """Make candidates that differ in everything a strategy may look at, with many ties; the same for the same seed."""
    draw = random.Random(seed)  # noqa: S311 - repeatable by intent
    views = []
    for place in range(count):
        capacity = draw.randint(1, 5)
        load = draw.randrange(capacity)
        views.append(
            AgentView(
                id=AgentId(f"a{place:05}"),
                state=AgentState.ACTIVE if load else AgentState.READY,
                load=load,
                capacity=capacity,
                available_since=float(draw.randrange(10)),
                offered_at=draw.choice((None, 1.0, 2.0)),
                finished_at=draw.choice((None, 1.0, 2.0)),
                handled=draw.randrange(4),
                talk_s=float(draw.randrange(100)),
                attributes={"senior": draw.random() < 0.5, "english": draw.randint(0, 10)},  # noqa: PLR2004 - a coin
                rank=draw.randint(1, 3),
                place=place,
                weight=draw.randint(1, 3),
            )
        )
    draw.shuffle(views)
    return views


class StrategyContract:
    """What every routing strategy keeps; needs a fixture `strategy` with the object.

    `options` are the `strategy_options` it is tried with.
    """

    contract: ClassVar[str] = "1.0"
    options: ClassVar[Mapping[str, str]] = {}

    def test_it_has_a_name(self, strategy: RoutingStrategy) -> None:
        """A queue names it in one lower-case word."""
        assert isinstance(strategy, RoutingStrategy)
        assert strategy.name
        assert strategy.name == strategy.name.lower()
        assert not set(strategy.name) & set(" /.")

    def test_its_order_is_total(self, strategy: RoutingStrategy) -> None:
        """Any two agents can be compared, whatever they look like."""
        for seed in range(20):
            agents = agent_views(40, seed)
            keys = [strategy.order(agent, self._queue()) for agent in agents]
            assert all(type(key) is tuple for key in keys), "order gives a tuple"
            for one in keys:
                for other in keys:
                    assert (one < other) + (other < one) + (one == other) == 1, f"{one} and {other} have no order"

    def test_permuted_candidates_come_out_in_the_same_order(self, strategy: RoutingStrategy) -> None:
        """The order in which candidates are shown says nothing."""
        for seed in range(20):
            agents = agent_views(30, seed)
            first = self._ordered(strategy, agents)
            random.Random(seed).shuffle(agents)  # noqa: S311 - repeatable by intent
            assert self._ordered(strategy, agents) == first

    def test_the_same_view_gives_the_same_answer_whatever_was_asked_between(self, strategy: RoutingStrategy) -> None:
        """A strategy keeps nothing."""
        agents = agent_views(30, 1)
        first = self._ordered(strategy, agents), self._selected(strategy, agents)
        for seed in range(2, 10):
            self._ordered(strategy, agent_views(30, seed))
            self._selected(strategy, agent_views(30, seed))
        assert (self._ordered(strategy, agents), self._selected(strategy, agents)) == first

    def test_it_selects_candidates_only(self, strategy: RoutingStrategy) -> None:
        """Strangers are never offered anything; with one candidate it is him."""
        for seed in range(20):
            agents = agent_views(1 + seed, seed)
            chosen = self._selected(strategy, agents)
            assert chosen
            assert set(chosen) <= {agent.id for agent in agents}

    def _queue(self) -> QueueView:
        return QueueView(id=QueueId("billing"), media_domain=MediaDomainId("chat"), options=self.options)

    def _ordered(self, strategy: RoutingStrategy, agents: list[AgentView]) -> list[AgentId]:
        return [agent.id for agent in OrderedCandidates(strategy, self._queue(), agents)]

    def _selected(self, strategy: RoutingStrategy, agents: list[AgentView]) -> tuple[AgentId, ...]:
        candidates = OrderedCandidates(strategy, self._queue(), agents)
        if not isinstance(strategy, SelectingStrategy):
            return tuple(agent.id for agent in candidates)
        invite = InviteView(
            id=InviteId("i-1"),
            kind=InviteKind.TRANSFER,
            target="queues/billing",
            media_domain=MediaDomainId("chat"),
            placed_at=0.0,
            deadline=900.0,
        )
        decision = strategy.select(invite, candidates, RoutingContext(now=10.0, waited_s=10.0, queue=self._queue()))
        return decision.agents if isinstance(decision, Offer) else ()


class AdapterContract:
    """What every channel adapter keeps; needs `adapter` (the class) and, where its Config asks for it, `settings`."""

    contract: ClassVar[str] = "1.0"
    adapter: ClassVar[type[ChannelAdapter]]
    settings: ClassVar[Mapping[str, str]] = {}
    environ: ClassVar[Mapping[str, str]] = {}
    secrets: ClassVar[tuple[str, ...]] = ()

    def open(self) -> ChannelAdapter:
        """Make the adapter under test, configured and not started."""
        return self.adapter(channel_context(), fill(self.adapter.Config, self.settings, environ=self.environ))

    def test_it_names_its_kind_and_says_what_it_can(self) -> None:
        """The kind is one lower-case word, the capabilities are declared."""
        assert self.adapter.kind
        assert self.adapter.kind == self.adapter.kind.lower()
        assert isinstance(self.adapter.capabilities, Capabilities)
        assert self.adapter.capabilities.text_size_max > 0
        assert isclass(self.adapter.Config)

    def test_messages_and_notices_are_sent_and_get_an_external_id(self) -> None:
        """Both things a Delivery holds are taken."""
        contents: tuple[Message | CustomerNotice, ...] = (
            Message(sender_name="Ann", text="Hello"),
            CustomerNotice(key="customer.x", text="Ben has joined."),
        )
        for sequence, content in enumerate(contents, start=1):
            assert self._sent(_delivery(sequence, content))[0]

    def test_an_idempotent_channel_answers_a_repeated_key_alike(self) -> None:
        """With KEY, the second send of a Delivery is the first one."""
        if self.adapter.capabilities.idempotency is not Idempotency.KEY:
            return
        delivery = _delivery(1, Message(sender_name="Ann", text="Hello"))
        first, second = self._sent(delivery, replace(delivery, attempt=2))
        assert first == second

    def test_starting_and_stopping_leaves_nothing_behind(self) -> None:
        """Neither a task nor a thread is left after fifty rounds."""

        async def rounds() -> int:
            for _ in range(50):
                adapter = self.open()
                await adapter.start()
                await adapter.stop()
            return len(asyncio.all_tasks())

        before = threading.active_count()
        assert asyncio.run(rounds()) == 1, "only the test's own task is left"
        assert threading.active_count() <= before

    def test_whatever_goes_wrong_is_named_as_a_send_error(self) -> None:
        """`classify` knows an answer to every exception."""
        for error in (TimeoutError(), ConnectionResetError(), ValueError("bad json"), RuntimeError("?")):
            assert isinstance(self.open().classify(error), SendError)

    def test_no_secret_is_shown(self) -> None:
        """Neither the adapter nor its Config has a secret in its `repr`."""
        adapter = self.open()
        shown = repr(adapter) + repr(adapter.config) + str(vars(adapter))
        assert not [secret for secret in self.secrets if secret in shown]
        assert all(repr(Secret(secret)) == "Secret('***')" for secret in self.secrets)

    def _sent(self, *deliveries: Delivery) -> list[str]:
        async def send() -> list[str]:
            adapter = self.open()
            await adapter.start()
            try:
                return [await adapter.send(delivery) for delivery in deliveries]
            finally:
                await adapter.stop()

        return asyncio.run(send())


class WebhookContract(AdapterContract):
    """What an adapter that is called by its provider keeps besides; needs `sample`, a genuine request with a message.

    `signature_header` is the header, in lower case, that holds the signature.
    """

    sample: ClassVar[HttpRequest]
    signature_header: ClassVar[str]

    def test_its_own_sample_is_genuine(self) -> None:
        """The sample verifies."""
        self.open().verify(self.sample)

    def test_a_request_without_signature_is_refused_as_such(self) -> None:
        """Absent is told apart from wrong: 401, not 403."""
        headers = {name: value for name, value in self.sample.headers.items() if name != self.signature_header}
        refusal = _refusal(self.open(), replace(self.sample, headers=headers))
        assert refusal is not None
        assert refusal.is_absent

    def test_altered_bodies_and_signatures_are_refused(self) -> None:
        """Neither another body, nor a shorter, longer or non-ASCII signature passes, and nothing else is raised."""
        genuine = self.sample.headers[self.signature_header]
        forged = [replace(self.sample, body=self.sample.body + b" ")]
        for signature in (genuine[:-1], genuine + "0", "\u00e4" + genuine[1:], "0" * len(genuine)):
            headers = {**self.sample.headers, self.signature_header: signature}
            forged.append(replace(self.sample, headers=headers))
        for request in forged:
            refusal = _refusal(self.open(), request)
            assert refusal is not None
            assert not refusal.is_absent

    def test_a_sample_brought_again_has_the_same_keys(self) -> None:
        """Parsing is pure, so a redelivery is recognised."""
        first, second = list(self.open().parse(self.sample)), list(self.open().parse(self.sample))
        assert first == second
        assert any(isinstance(arrival, Inbound) for arrival in first)
        assert all(arrival.dedupe_key for arrival in first if not isinstance(arrival, Typing))

    def test_junk_raises_nothing_but_a_parse_error(self) -> None:
        """Whatever bytes come in."""
        draw = random.Random(1)  # noqa: S311 - repeatable by intent
        junk = [b"", b"{", b"[]", b"null", b'{"a":', self.sample.body[: len(self.sample.body) // 2]]
        junk += [draw.randbytes(size) for size in range(1, 100)]
        for body in junk:
            self._parse_junk(body)

    def _parse_junk(self, body: bytes) -> None:
        try:
            list(self.open().parse(replace(self.sample, body=body)))
        except ParseError:
            return


def _refusal(adapter: ChannelAdapter, request: HttpRequest) -> BadSignature | None:
    try:
        adapter.verify(request)
    except BadSignature as refusal:
        return refusal
    return None


def _delivery(sequence: int, content: Message | CustomerNotice) -> Delivery:
    return Delivery(
        id=DeliveryId(f"deliveries/1-{sequence}"),
        conversation=ConversationId("1"),
        sequence=sequence,
        to=CustomerAddress(channel=ChannelId("test"), id="customer-1"),
        content=content,
    )

"""What every channel adapter keeps, whether its provider calls it or not.

Needs `adapter` (the class) and, where its Config asks for it, `settings`. An adapter that calls its provider through
`ctx.http` also says what the provider answers to a delivery that it takes (`answer`).
"""
# ruff: noqa: S101 - these are tests

import asyncio
import inspect
import random
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import fields, replace
from inspect import isclass
from pathlib import Path
from typing import ClassVar

import httpx

from hookflash.sdk.channel import (
    Arrival,
    Capabilities,
    ChannelAdapter,
    CustomerAddress,
    Delivery,
    ExternalId,
    HttpRequest,
    Idempotency,
)
from hookflash.sdk.channel import Level as How
from hookflash.sdk.config import Secret, fill
from hookflash.sdk.errors import BadSignature, ParseError, Permanent, SendError, Throttled, Transient
from hookflash.sdk.messages import CustomerNotice, Media, MediaKind, MediaRef, Message, Template
from hookflash.sdk.testing.contexts import RecordedLog, channel_context
from hookflash.sdk.testing.levels import bronze, gold, not_applicable, silver
from hookflash.sdk.testing.wire import HANGS, Answer, Wire
from hookflash.sdk.types import ChannelId, ConversationId, DeliveryId

__all__ = ["AdapterContract", "delivery_of"]

_DESCRIPTORS = Path("/proc/self/fd")
_JUNK = (b"", b"{", b"[]", b"null", b'{"a":', b"a=b&c")


def delivery_of(
    content: Message | CustomerNotice | str, *, sequence: int = 1, to: str = "customer-1", attempt: int = 1
) -> Delivery:
    """Make a Delivery of the conversation `1`; a plain text stands for a Message by Ann."""
    said = Message(sender_name="Ann", text=content) if isinstance(content, str) else content
    return Delivery(
        id=DeliveryId(f"conversations/1/deliveries/{sequence}"),
        conversation=ConversationId("1"),
        sequence=sequence,
        to=CustomerAddress(channel=ChannelId("test"), id=to),
        content=said,
        attempt=attempt,
    )


class AdapterContract:
    """Subclass it as `TestMine`, give `adapter` and what it needs, and pytest collects these tests.

    `secrets` are values that must never show; `customer` an address that the provider would take. `answer` is a
    `staticmethod`: what a provider that is called over HTTP answers when all is well.
    """

    contract: ClassVar[str] = "1.0"
    adapter: ClassVar[type[ChannelAdapter]]
    settings: ClassVar[Mapping[str, str]] = {}
    environ: ClassVar[Mapping[str, str]] = {}
    secrets: ClassVar[tuple[str, ...]] = ()
    customer: ClassVar[str] = "customer-1"
    public_url: ClassVar[str] = "https://hookflash.example/channels/test"
    answer: "ClassVar[staticmethod[[httpx.Request], httpx.Response] | None]" = None

    def open(self, wire: Wire | None = None, log: RecordedLog | None = None) -> ChannelAdapter:
        """Make the adapter under test, configured and not started."""
        http = (wire or self.wire()).client()
        context = channel_context(log=log, http=http, public_url=self.public_url)
        return self.adapter(context, fill(self.adapter.Config, self.settings, environ=self.environ))

    def wire(self) -> Wire:
        """Make a provider that takes everything."""
        return Wire(type(self).answer)

    @bronze
    def test_it_names_its_kind_and_says_what_it_can(self) -> None:
        """The kind is one lower-case word, the capabilities are declared."""
        assert self.adapter.kind
        assert self.adapter.kind == self.adapter.kind.lower()
        assert isinstance(self.adapter.capabilities, Capabilities)
        assert self.adapter.capabilities.text_size_max > 0
        assert isclass(self.adapter.Config)

    @bronze
    def test_messages_and_notices_are_sent_and_get_an_external_id(self) -> None:
        """Both things a Delivery holds are taken."""
        contents: tuple[Message | CustomerNotice, ...] = (
            Message(sender_name="Ann", text="Hello"),
            CustomerNotice(key="customer.x", text="Ben has joined."),
        )
        for sequence, content in enumerate(contents, start=1):
            assert self._sent(delivery_of(content, sequence=sequence, to=self.customer))[0]

    @bronze
    def test_an_idempotent_channel_answers_a_repeated_key_alike(self) -> None:
        """With KEY, the second send of a Delivery is the first one."""
        if self.adapter.capabilities.idempotency is not Idempotency.KEY:
            not_applicable("this channel does not know a delivery that comes again")
        delivery = delivery_of("Hello", to=self.customer)
        first, second = self._sent(delivery, replace(delivery, attempt=2))
        assert first == second

    @bronze
    def test_a_text_as_long_as_it_says_it_takes_is_sent_whole(self) -> None:
        """The engine cuts at `text_size_max`; what it hands over is never cut again."""
        size = min(self.adapter.capabilities.text_size_max, 100_000)
        wire = self.wire()
        self._sent(delivery_of("x" * size, to=self.customer), wire=wire)
        if type(self).answer is not None:
            assert "x" * size in wire.sent

    @bronze
    def test_no_secret_is_shown(self) -> None:
        """Neither the adapter nor its Config has a secret in its `repr`."""
        adapter = self.open()
        shown = repr(adapter) + repr(adapter.config) + str(vars(adapter))
        assert not [secret for secret in self.secrets if secret in shown]
        assert all(repr(Secret(secret)) == "Secret('***')" for secret in self.secrets)

    @bronze
    def test_whatever_goes_wrong_is_named_as_a_send_error(self) -> None:
        """`classify` knows an answer to every exception."""
        for error in (TimeoutError(), ConnectionResetError(), ValueError("bad json"), RuntimeError("?")):
            assert isinstance(self.open().classify(error), SendError)

    @bronze
    def test_nothing_that_nobody_signed_is_genuine(self) -> None:
        """An adapter that nobody calls refuses every request; where strangers may write, `insecure = true` says so."""
        adapter = self.open()
        if getattr(adapter.config, "insecure", False) is True:
            not_applicable("its settings say that strangers may write")
        for body in (b"", b"{}", b"[]"):
            assert is_refused(adapter, HttpRequest(method="POST", path="/channels/test", body=body))

    @bronze
    def test_junk_raises_nothing_but_a_parse_error(self) -> None:
        """Whatever bytes come in."""
        draw = random.Random(1)  # noqa: S311 - repeatable by intent
        for body in (*_JUNK, *(draw.randbytes(size) for size in range(1, 100))):
            self.parsed(HttpRequest(method="POST", path="/channels/test", body=body))

    @bronze
    def test_each_delivery_has_an_id_of_its_own(self) -> None:
        """What two deliveries are called is never the same, whoever they go to."""
        if type(self).answer is not None:
            not_applicable("its provider names them")
        to = (self.customer, self.customer, self.customer)
        ids = self._sent(*(delivery_of("Hello", sequence=n, to=one) for n, one in enumerate(to, start=1)))
        assert len(set(ids)) == len(ids)

    @silver
    def test_polling_that_is_given_up_ends_at_once(self) -> None:
        """The engine cancels `poll` when it stops; that is not swallowed."""
        if type(self.open()).poll is ChannelAdapter.poll:
            not_applicable("this channel is called by its provider")

        async def give_up() -> bool:
            adapter = self.open()
            await adapter.start()
            polling = asyncio.ensure_future(_first(adapter.poll()))
            await asyncio.wait([polling], timeout=0.05)
            polling.cancel()
            done, _ = await asyncio.wait([polling], timeout=5)
            await adapter.stop()
            return bool(done)

        assert asyncio.run(give_up())

    @silver
    def test_starting_and_stopping_leaves_nothing_behind(self) -> None:
        """Neither a task, nor a thread, nor a descriptor is left after fifty rounds."""

        async def rounds() -> int:
            for _ in range(50):
                adapter = self.open()
                await adapter.start()
                await adapter.stop()
                await adapter.context.http.aclose()
            return len(asyncio.all_tasks())

        with _nothing_left():
            assert asyncio.run(rounds()) == 1, "only the test's own task is left"

    @silver
    def test_too_fast_is_throttled(self) -> None:
        """429 holds the address or the account, and is not a failure."""
        error = self._failed(httpx.Response(429, json={}, headers={"retry-after": "7"}))
        assert isinstance(error, Throttled | Transient), error

    @silver
    def test_a_provider_that_fails_for_now_is_tried_again(self) -> None:
        """5xx, a timeout, a reset connection and an answer that cannot be read are Transient."""
        request = httpx.Request("POST", "https://provider.example/")
        for answer in (
            httpx.Response(500),
            httpx.Response(503, text="<html>down</html>"),
            httpx.ReadTimeout("slow", request=request),
            httpx.ConnectError("reset", request=request),
            httpx.Response(200, text="{not json"),
        ):
            error = self._failed(answer)
            assert isinstance(error, Transient), f"{answer!r} gave {error!r}"

    @silver
    def test_what_the_provider_refuses_for_good_is_not_tried_again(self) -> None:
        """A 4xx without a known code is Permanent."""
        error = self._failed(httpx.Response(400, json={}))
        assert isinstance(error, Permanent), error

    @silver
    def test_a_send_that_is_given_up_ends_at_once(self) -> None:
        """The engine's deadline cancels `send`; that is not swallowed."""
        self._need_provider()

        async def give_up() -> bool:
            wire = self.wire()
            adapter = self.open(wire)
            await adapter.start()
            wire.asked.clear()
            wire.next.append(HANGS)
            sending = asyncio.ensure_future(adapter.send(delivery_of("Hello", to=self.customer)))
            await wire.asked.wait()
            sending.cancel()
            done, _ = await asyncio.wait([sending], timeout=5)
            await adapter.stop()
            return bool(done) and sending.cancelled()

        assert asyncio.run(give_up())

    @silver
    def test_the_key_goes_along_where_the_provider_knows_it_again(self) -> None:
        """With KEY or RELINK the delivery's id is in the request."""
        if self.adapter.capabilities.idempotency is Idempotency.NONE:
            not_applicable("this channel does not know a delivery that comes again")
        self._need_provider()
        wire = self.wire()
        delivery = delivery_of("Hello", to=self.customer)
        self._sent(delivery, wire=wire)
        assert delivery.id in wire.sent.replace("\\/", "/").replace("%2F", "/")

    @silver
    def test_health_says_what_is_wrong_as_a_send_error(self) -> None:
        """A provider that cannot be reached is a SendError, or is not looked at at all."""

        async def look() -> Exception | None:
            wire = Wire(lambda _request: httpx.Response(503))
            try:
                await self.open(wire).health()
            except Exception as error:  # noqa: BLE001 - that is the question
                return error
            return None

        assert isinstance(asyncio.run(look()), SendError | None)

    @silver
    def test_no_secret_is_logged_when_sending_fails(self) -> None:
        """Neither in the log nor in the error's words."""
        log = RecordedLog()
        said = [str(self._failed(answer, log)) for answer in (httpx.Response(401, json={}), httpx.Response(500))]
        shown = f"{log.entries} {said}"
        assert not [secret for secret in self.secrets if secret in shown]

    @gold
    def test_templates_are_sent_where_it_says_so(self) -> None:
        """With a native template, a Message that has one goes out."""
        if self.adapter.capabilities.template not in (How.NATIVE, How.PARTIAL):
            not_applicable("this channel has no templates")
        template = Template(name="order_ready", language="en", values=("1042",))
        message = Message(sender_name="Ann", text="Your order 1042 is ready.", template=template)
        assert self._sent(delivery_of(message, to=self.customer))[0]

    @gold
    def test_media_are_sent_by_their_url_where_it_says_so(self) -> None:
        """Each kind of medium that it carries goes out, and its URL with it."""
        able = self.adapter.capabilities
        kinds = [kind for kind in MediaKind if able.level_of(kind) in (How.NATIVE, How.PARTIAL)]
        if not kinds:
            not_applicable("this channel has no media; the engine sends links")
        for sequence, kind in enumerate(kinds, start=1):
            wire = self.wire()
            media = Media(kind=kind, ref=MediaRef(url="https://files.example/order-1042.pdf"))
            caption = "Your order" if able.caption_size_max.get(kind, 0) else ""
            message = Message(sender_name="Ann", text=caption, media=media)
            assert self._sent(delivery_of(message, sequence=sequence, to=self.customer), wire=wire)[0]
            if type(self).answer is not None:
                assert "order-1042.pdf" in wire.sent, f"{kind} went out without its URL"

    @gold
    def test_everything_an_admin_sets_is_documented(self) -> None:
        """The adapter has a docstring, and its Config's names every setting."""
        assert inspect.getdoc(self.adapter)
        about = inspect.getdoc(self.adapter.Config) or ""
        names = [one.name for one in fields(self.adapter.Config)]
        assert [name for name in names if f"`{name}`" not in about] == []

    def parsed(self, request: HttpRequest) -> list[Arrival]:
        """What a request brings; nothing where it is refused as the contract says."""
        try:
            return list(self.open().parse(request))
        except ParseError:
            return []

    def _need_provider(self) -> None:
        if type(self).answer is None:
            not_applicable("this channel does not call its provider through ctx.http")

    def _sent(self, *deliveries: Delivery, wire: Wire | None = None) -> list[ExternalId]:
        async def send() -> list[ExternalId]:
            adapter = self.open(wire)
            await adapter.start()
            try:
                return [await adapter.send(delivery) for delivery in deliveries]
            finally:
                await adapter.stop()

        return asyncio.run(send())

    def _failed(self, answer: Answer, log: RecordedLog | None = None) -> SendError:
        """What a send comes to when the provider answers so."""
        self._need_provider()

        async def send() -> SendError:
            wire = self.wire()
            adapter = self.open(wire, log)
            await adapter.start()
            wire.next.append(answer)
            try:
                await adapter.send(delivery_of("Hello", to=self.customer))
            except SendError as error:
                return error
            except Exception as error:  # noqa: BLE001 - what `classify` is for
                return adapter.classify(error)
            finally:
                await adapter.stop()
            raise AssertionError(f"{answer!r} was taken for success")

        return asyncio.run(send())


def is_refused(adapter: ChannelAdapter, request: HttpRequest) -> bool:
    """Whether a request is refused as nobody's."""
    try:
        adapter.verify(request)
    except BadSignature:
        return True
    return False


async def _first(arrivals: AsyncIterator[Arrival]) -> None:
    with suppress(StopAsyncIteration, Exception):  # Whether its provider is there is not the question.
        await anext(arrivals)


@contextmanager
def _nothing_left() -> Iterator[None]:
    before, threads = _descriptors(), threading.active_count()
    yield
    assert threading.active_count() <= threads, "a thread is left"
    assert _descriptors() <= before, "a descriptor is left"


def _descriptors() -> int:
    # Elsewhere than on Linux they are not counted.
    return sum(1 for _ in _DESCRIPTORS.iterdir()) if _DESCRIPTORS.is_dir() else 0

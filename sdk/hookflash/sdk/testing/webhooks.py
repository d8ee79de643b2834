"""What an adapter that is called by its provider keeps besides.

Needs `sample`, a genuine request with a message, and `signature_header`, the header (in lower case) that signs it. The
other samples are of what a provider may bring; one that the provider has nothing of stays None.
"""
# ruff: noqa: S101 - these are tests

import random
import statistics
import time
from dataclasses import replace
from typing import ClassVar

from hookflash.sdk.channel import (
    ChannelAdapter,
    HttpRequest,
    Inbound,
    Media,
    Receipt,
    Receipts,
    Typing,
    Unsupported,
)
from hookflash.sdk.channel import Level as How
from hookflash.sdk.errors import BadSignature
from hookflash.sdk.testing.adapters import AdapterContract
from hookflash.sdk.testing.levels import bronze, gold, missing, not_applicable, platinum

__all__ = ["WebhookContract"]

_MUTATIONS = 2_000
_PARSE_S_MAX = 0.005


class WebhookContract(AdapterContract):
    """Subclass it, give `sample` and `signature_header`, and what of the rest there is.

    `signs_the_body` is False where the header is a shared secret. `batch` holds two messages, `unknown` something that
    this adapter cannot read, `echo` what we sent ourselves, `receipt` one for a delivery that nobody knows, `media` a
    picture; `handshake_sample` is the provider's GET challenge, `handshake_answer` the body it wants for it, and
    `handshake_wrong` a challenge that must be refused.
    """

    sample: ClassVar[HttpRequest]
    signature_header: ClassVar[str]
    signs_the_body: ClassVar[bool] = True
    batch: ClassVar[HttpRequest | None] = None
    unknown: ClassVar[HttpRequest | None] = None
    echo: ClassVar[HttpRequest | None] = None
    receipt: ClassVar[HttpRequest | None] = None
    media: ClassVar[HttpRequest | None] = None
    handshake_sample: ClassVar[HttpRequest | None] = None
    handshake_answer: ClassVar[bytes] = b""
    handshake_wrong: ClassVar[HttpRequest | None] = None

    @bronze
    def test_its_own_sample_is_genuine(self) -> None:
        """The sample verifies."""
        self.open().verify(self.sample)

    @bronze
    def test_a_request_without_signature_is_refused_as_such(self) -> None:
        """Absent is told apart from wrong: 401, not 403."""
        headers = {name: value for name, value in self.sample.headers.items() if name != self.signature_header}
        refusal = _refusal(self.open(), replace(self.sample, headers=headers))
        assert refusal is not None
        assert refusal.is_absent

    @bronze
    def test_altered_bodies_and_signatures_are_refused(self) -> None:
        """Neither another body, nor a shorter, longer or non-ASCII signature passes, and nothing else is raised."""
        genuine = self.sample.headers[self.signature_header]
        forged = [replace(self.sample, body=self.sample.body + b" ")] if self.signs_the_body else []
        for signature in (genuine[:-1], genuine + "0", "\u00e4" + genuine[1:], "0" * len(genuine)):
            headers = {**self.sample.headers, self.signature_header: signature}
            forged.append(replace(self.sample, headers=headers))
        for request in forged:
            refusal = _refusal(self.open(), request)
            assert refusal is not None
            assert not refusal.is_absent

    @bronze
    def test_a_sample_brought_again_has_the_same_keys(self) -> None:
        """Parsing is pure, so a redelivery is recognised."""
        first, second = list(self.open().parse(self.sample)), list(self.open().parse(self.sample))
        assert first == second
        assert any(isinstance(arrival, Inbound) for arrival in first)
        assert all(arrival.dedupe_key for arrival in first if not isinstance(arrival, Typing))

    @bronze
    def test_half_of_a_sample_raises_nothing_but_a_parse_error(self) -> None:
        """A body that was cut off on the way."""
        for size in range(0, len(self.sample.body), max(1, len(self.sample.body) // 50)):
            self.parsed(replace(self.sample, body=self.sample.body[:size]))

    @bronze
    def test_two_entries_in_one_request_are_two_arrivals(self) -> None:
        """Reading only the first item of a batch loses customers' words."""
        if self.batch is None:
            missing("a `batch` of two messages (or say `batch = sample` where the provider never batches)")
        said = [arrival for arrival in self.open().parse(self.batch) if isinstance(arrival, Inbound)]
        if self.batch is self.sample:
            not_applicable("this provider brings one message a request")
        assert len(said) > 1
        assert len({one.dedupe_key for one in said}) == len(said)

    @bronze
    def test_what_it_cannot_read_is_shown_as_such(self) -> None:
        """An unknown type is an arrival, never an exception, or nothing where it is no message at all."""
        if self.unknown is None:
            missing("an `unknown` type of message")
        found = list(self.open().parse(self.unknown))
        assert any(isinstance(arrival, Unsupported) for arrival in found)

    @bronze
    def test_the_handshake_is_answered_and_a_wrong_one_refused(self) -> None:
        """The provider's challenge comes back; with another token it does not."""
        if self.handshake_sample is None:
            not_applicable("this provider has no handshake")
        right = self.open().handshake(self.handshake_sample)
        assert (right.status, right.body) == (200, self.handshake_answer)
        if self.handshake_wrong is None:
            missing("a `handshake_wrong`")
        assert self.open().handshake(self.handshake_wrong).status == 403  # noqa: PLR2004 - forbidden

    @gold
    def test_what_we_sent_ourselves_is_known_as_such(self) -> None:
        """An echo is marked, or is no arrival at all."""
        if not self.adapter.capabilities.echoes:
            not_applicable("this provider does not echo")
        if self.echo is None:
            missing("an `echo`")
        assert all(arrival.is_echo for arrival in self.open().parse(self.echo) if isinstance(arrival, Inbound))

    @gold
    def test_receipts_are_read(self) -> None:
        """One for a delivery that nobody knows is a Receipt like any."""
        if self.adapter.capabilities.receipts is Receipts.NONE:
            not_applicable("this provider sends no receipts")
        if self.receipt is None:
            missing("a `receipt`")
        assert any(isinstance(arrival, Receipt) for arrival in self.open().parse(self.receipt))

    @gold
    def test_media_are_read(self) -> None:
        """A picture is Media with a reference that can be fetched."""
        capabilities = self.adapter.capabilities
        levels = {capabilities.image, capabilities.file, capabilities.audio, capabilities.video}
        if not levels & {How.NATIVE, How.PARTIAL}:
            not_applicable("this channel brings no media")
        if self.media is None:
            missing("a `media` message")
        said = [arrival for arrival in self.open().parse(self.media) if isinstance(arrival, Inbound)]
        found = [one.content.ref for one in said if isinstance(one.content, Media)]
        assert found
        assert all(ref.id or ref.url for ref in found)

    @platinum
    def test_no_mutation_of_a_sample_raises_anything_but_a_parse_error(self) -> None:
        """Two thousand times a few bytes changed, dropped, doubled or swapped."""
        draw = random.Random(2)  # noqa: S311 - repeatable by intent
        samples = [
            one.body for one in (self.sample, self.batch, self.receipt, self.media, self.unknown) if one is not None
        ]
        for _ in range(_MUTATIONS):
            self.parsed(replace(self.sample, body=_mutated(draw, draw.choice(samples))))

    @platinum
    def test_a_request_is_read_quickly(self) -> None:
        """`parse` of the sample takes under 5 ms at the median: it runs while customers wait."""
        adapter = self.open()
        took = []
        for _ in range(51):
            began = time.perf_counter()
            list(adapter.parse(self.sample))
            took.append(time.perf_counter() - began)
        assert statistics.median(took) < _PARSE_S_MAX


def _refusal(adapter: ChannelAdapter, request: HttpRequest) -> BadSignature | None:
    try:
        adapter.verify(request)
    except BadSignature as refusal:
        return refusal
    return None


def _mutated(draw: random.Random, body: bytes) -> bytes:
    changed = bytearray(body)
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(changed) + 1)
        match draw.randrange(4):
            case 0:
                changed[at:at] = draw.choice((b"null", b"-1", b"1e999", b"[]", b"{}", b'""', b'"\\ud800"', b"true"))
            case 1:
                del changed[at : at + draw.randint(1, 9)]
            case 2:
                changed[at : at + 1] = draw.randbytes(1)
            case _:
                changed[at:at] = changed[at : at + draw.randint(1, 20)]
    return bytes(changed)

"""What a webhook asks of an adapter, under the guard: what it may raise by its contract comes back as a value.

Any other answer than the contract's is nonsense, and a fault like an exception.
"""

from collections.abc import Mapping
from itertools import islice
from typing import Final, final

from hookflash.sdk.channel import Arrival, ChannelAdapter, HttpRequest, HttpResponse
from hookflash.sdk.errors import BadSignature, ParseError
from hookflash.sdk.hosting.calls import NonsenseError, PluginFailedError, PureCalls

__all__ = ["ARRIVALS_MAX", "WebhookCalls"]

ARRIVALS_MAX: Final = 5_000
"""Arrivals that one request may bring."""


@final
class WebhookCalls:
    """The PURE calls of one adapter; `unreadable` says in a report what is done with a body that it cannot read."""

    def __init__(self, adapter: ChannelAdapter, calls: PureCalls, *, unreadable: str) -> None:
        """Ask nothing yet."""
        self._adapter = adapter
        self._calls = calls
        self._unreadable = unreadable

    async def handshake(self, request: HttpRequest) -> HttpResponse:
        """Answer the provider's challenge. Raises PluginFailedError."""
        return await self._calls.ask("handshake", lambda: _checked(self._adapter.handshake(request)), fallback="503")

    async def bad_signature(self, request: HttpRequest) -> BadSignature | None:
        """Give what is wrong with the signature; None: nothing. Raises PluginFailedError."""
        return await self._calls.ask("verify", lambda: self._bad_signature(request), fallback="asked to come again")

    async def is_unguarded(self, path: str) -> bool:
        """Whether the adapter takes a request that nobody can have signed. Raises PluginFailedError."""
        forged = HttpRequest(method="POST", path=path)
        return await self._calls.ask(
            "verify", lambda: self._bad_signature(forged) is None, fallback="refuses every request"
        )

    async def arrivals(self, request: HttpRequest) -> tuple[Arrival, ...] | None:
        """Give what a request brings; None where it cannot be read, now or ever. Raises PluginFailedError."""
        try:
            read = await self._calls.ask("parse", lambda: self._read(request), fallback=self._unreadable)
        except PluginFailedError as failed:
            if failed.has_raised:
                return None  # It would raise again whenever the provider brought it again.
            raise
        if read is None:
            self._calls.report("parse", "ParseError", self._unreadable)
        return read

    async def ack(self, request: HttpRequest) -> HttpResponse:
        """Give the answer to a request that was taken: that it was is what the provider has to know."""
        try:
            return await self._calls.ask("ack", lambda: _checked(self._adapter.ack(request)), fallback="200")
        except PluginFailedError:
            return HttpResponse()

    def _bad_signature(self, request: HttpRequest) -> BadSignature | None:
        try:
            self._adapter.verify(request)
        except BadSignature as bad:
            return bad
        return None

    def _read(self, request: HttpRequest) -> tuple[Arrival, ...] | None:
        try:
            read = tuple(islice(self._adapter.parse(request), ARRIVALS_MAX + 1))
        except ParseError:
            return None
        if len(read) > ARRIVALS_MAX:
            raise NonsenseError(f"it brought more than {ARRIVALS_MAX:,} arrivals in one request")
        return read


def _checked(given: object) -> HttpResponse:
    """An adapter's answer, if it can be sent at all. Raises NonsenseError."""
    if type(given) is not HttpResponse:
        raise NonsenseError(f"it answered {type(given).__name__}, not an HttpResponse")
    fields: tuple[object, ...] = (given.status, given.body, given.content_type, given.headers)
    status, body, content_type, headers = fields
    is_right = isinstance(status, int) and 200 <= status <= 599 and isinstance(body, bytes)  # noqa: PLR2004 - of HTTP
    if not is_right or not isinstance(headers, Mapping):
        raise NonsenseError("it answered an HttpResponse with fields of another type")
    if not all(_is_line(word) for word in (content_type, *headers.keys(), *headers.values())):
        raise NonsenseError("it answered an HttpResponse with a header that is none")
    return given


def _is_line(given: object) -> bool:
    return isinstance(given, str) and given.isascii() and given.isprintable()

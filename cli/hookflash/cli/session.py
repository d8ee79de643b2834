"""What a command that calls a server gets: the client, the printer, and the words about waiting.

`calling` turns an async function into a command's body: it opens the client, runs the function and closes the client.
"""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import click

from hookflash.cli.failures import CommandError
from hookflash.cli.options import Given, warn
from hookflash.cli.output import Printer
from hookflash.cli.targets import Target, is_local, resolve

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from hookflash.sdk.client import Client, HookflashError

__all__ = ["Session", "calling", "open_client", "pages"]

_P = ParamSpec("_P")
_Page = TypeVar("_Page", bound="Message")
_PAGE_SIZE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One command's call of a server."""

    client: Client
    printer: Printer
    given: Given

    def say(self, sentence: str) -> None:
        """Print something beside the result on stderr, unless -q was given."""
        if not self.given.is_quiet:
            print(sentence, file=sys.stderr)


def calling(
    function: Callable[Concatenate[Session, _P], Awaitable[int | None]],
) -> Callable[..., int | None]:
    """Make a command's body from an async function that takes a Session and the command's own parameters."""

    @click.pass_context
    @functools.wraps(function)
    def called(context: click.Context, /, *args: _P.args, **kwargs: _P.kwargs) -> int | None:
        given = context.find_object(Given) or Given()
        printer = Printer(form=given.form, color=given.color)
        target = resolve(given)

        async def run() -> int | None:
            client = open_client(target, given)
            try:
                return await function(Session(client=client, printer=printer, given=given), *args, **kwargs)
            finally:
                await client.close()

        return asyncio.run(run())

    return called


def open_client(target: Target, given: Given) -> Client:
    """Return a client of the server that the options name; call it inside a running event loop."""
    from hookflash.sdk.client import DEADLINE_S, Client

    if target.token is not None and not target.is_tls and not is_local(target.server):
        warn(given, f"the token goes to {target.server} unencrypted; use --tls-ca.")

    def interrupted(error: HookflashError, pause_s: float) -> None:
        if not given.is_quiet:
            print(f"hookflash: {error.sentence} Trying again in {pause_s:.1f} s.", file=sys.stderr)

    return Client(
        target.server,
        token=target.token,
        tls=_tls(target),
        timeout_s=given.timeout_s or DEADLINE_S,
        on_interruption=interrupted,
    )


def _tls(target: Target) -> Any:  # noqa: ANN401 - hookflash.sdk.client.Tls, which is imported inside
    from hookflash.sdk.client import Tls

    if not target.is_tls:
        return None
    try:
        return Tls.from_files(
            ca=None if target.tls_ca in (None, "system") else Path(target.tls_ca or ""),
            cert=None if target.tls_client_cert is None else Path(target.tls_client_cert),
            key=None if target.tls_client_key is None else Path(target.tls_client_key),
        )
    except OSError as error:
        raise CommandError(f"The file {error.filename} of TLS cannot be read: {error.strerror}.") from error


async def pages(
    call: Callable[[Any], Awaitable[_Page]], request: Message, field: str, limit: int | None = None
) -> _Page:
    """Return all pages of a list as one answer, up to `limit` items of the repeated field."""
    request.page_size = _PAGE_SIZE if limit is None else min(limit, _PAGE_SIZE)  # type: ignore[attr-defined]
    whole = await call(request)
    items = getattr(whole, field)
    page: Any = whole
    while page.next_page_token and (limit is None or len(items) < limit):
        request.page_token = page.next_page_token  # type: ignore[attr-defined]
        page = await call(request)
        items.extend(getattr(page, field))
    whole.next_page_token = page.next_page_token  # type: ignore[attr-defined]
    if limit is not None and len(items) > limit:
        del items[limit:]
    return whole

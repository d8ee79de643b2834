"""`hookflash channel`: the connections to the outside, as applied; an adapter in a process of its own; a live check."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hookflash.cli.failures import CommandError, ExitCode
from hookflash.cli.options import Given
from hookflash.cli.session import Session, calling
from hookflash.cli.text import bare, full
from hookflash.cli.tree import Noun

if TYPE_CHECKING:
    from hookflash.sdk.client import messages as m

__all__ = ["channel"]

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


@click.group(cls=Noun)
def channel() -> None:
    """Channels: connections to the outside. They are made and changed with `hookflash apply`."""


@channel.command("list")
@calling
async def list_(session: Session) -> None:
    """List channels, with how each is doing and what is wrong with it."""
    from hookflash.cli.views import CHANNEL
    from hookflash.sdk.client import messages as m

    channels = (await session.client.get_server(m.GetServerRequest())).channels
    session.printer.many(m.Server(channels=channels), channels, CHANNEL)


@channel.command()
@click.argument("name", metavar="CHANNEL")
@calling
async def get(session: Session, name: str) -> None:
    """Show one channel, with how it is doing and what is wrong with it."""
    from hookflash.cli.views import CHANNEL

    session.printer.one(await _found(session, name), CHANNEL)


async def _found(session: Session, name: str) -> m.Channel:
    from hookflash.sdk.client import messages as m

    wanted = full("channels", name)
    for found in (await session.client.get_server(m.GetServerRequest())).channels:
        if found.name == wanted:
            return found
    raise CommandError(f"There is no channel {wanted}; `hookflash channel list` shows all.", ExitCode.NOT_FOUND)


def _id_of(name: str) -> str:
    """Give a channel's bare id: it names files here."""
    identifier = bare(full("channels", name))
    if _ID.fullmatch(identifier) is None:
        raise CommandError(
            f"A channel's id has 1 to 63 of a-z, 0-9, `.`, `_` and `-`, the first a letter or digit; not {name!r}.",
            ExitCode.USAGE,
        )
    return identifier


def _to_engine(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    given = context.find_object(Given)
    if value is not None and given is not None:
        given.values["server"] = value


def _pairs(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    if wrong := [each for each in given if not each.partition("=")[1]]:
        raise click.BadParameter(f"write KEY=VALUE, not {wrong[0]!r}")
    return {key: value for key, _, value in (each.partition("=") for each in given)}


_plugin = click.option(
    "--plugin",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The plugin that has the adapter; among those installed unless given.",
)
_allow_private = click.option(
    "--allow-private", multiple=True, metavar="HOST|NETWORK", help="A host inside your walls that it may call."
)


@channel.command()
@click.argument("kind")
@click.option("--channel", "name", metavar="CHANNEL", required=True, help="The channel it serves, applied is_external.")
@click.option("--engine", metavar="HOST:PORT", expose_value=False, callback=_to_engine, help="The engine; as --server.")
@click.option(
    "--set", "settings", metavar="KEY=VALUE", multiple=True, callback=_pairs, help="A setting of the adapter."
)
@click.option("--listen", metavar="HOST:PORT", help="Serve the channel's webhook here, at /channels/CHANNEL.")
@click.option("--public-url", default="", metavar="URL", help="Where the provider reaches that webhook.")
@click.option(
    "--state", type=click.Path(path_type=Path), help="The adapter's memory; hookflash-CHANNEL.sqlite unless given."
)
@_allow_private
@_plugin
@click.option("--ends-with-input", is_flag=True, hidden=True, help="End when standard input does.")
@calling
async def run(  # noqa: PLR0913 - one parameter an option
    session: Session,
    kind: str,
    *,
    name: str,
    settings: dict[str, str],
    listen: str | None,
    public_url: str,
    state: Path | None,
    allow_private: tuple[str, ...],
    plugin: Path | None,
    ends_with_input: bool,
) -> None:
    """Run an adapter in this process, against an engine, with a token bound to the channel.

    For example: hookflash channel run console --channel web --token-file web.token
    """
    import sys

    import structlog

    from hookflash.cli.channel_run import Place, Runner, adapter_of
    from hookflash.sdk.types import ChannelId

    name = _id_of(name)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    place = Place(
        state=state or Path(f"hookflash-{name}.sqlite"),
        listen=listen,
        public_url=public_url,
        allow_private=allow_private,
    )
    loop = asyncio.get_running_loop()
    on_started: asyncio.Future[str] = loop.create_future()
    runner = Runner(ChannelId(name), adapter_of(kind, plugin), settings, place)
    working = loop.create_task(runner.run(session.client, on_started))
    loop.add_signal_handler(signal.SIGTERM, working.cancel)
    if ends_with_input:
        # Whoever started us holds the other end: gone with him, however he goes.
        loop.add_reader(sys.stdin, lambda: working.cancel() if not os.read(sys.stdin.fileno(), 1024) else None)

    def say_started(started: asyncio.Future[str]) -> None:
        if not started.cancelled():
            at = f" at {started.result()}" if started.result() else ""
            session.say(f"{kind} has started for channels/{name}{at}")

    on_started.add_done_callback(say_started)
    with suppress(asyncio.CancelledError):
        await working


@channel.command()
@click.argument("name", metavar="CHANNEL")
@click.option("--url", metavar="URL", help="Also call the channel's webhook there, as a stranger would.")
@_allow_private
@_plugin
@calling
async def probe(
    session: Session, name: str, url: str | None, allow_private: tuple[str, ...], plugin: Path | None
) -> int:
    """Check a channel live: its adapter, settings and signature check here, and its provider over the network.

    Secrets are read here, where this command runs. Nothing is sent to a customer.
    """
    from hookflash.cli.channel_run.probing import Finding, probed, show

    if url is not None and not url.startswith(("https://", "http://")):
        raise CommandError(f"--url reads a URL such as https://chat.example/channels/web, not {url!r}.", ExitCode.USAGE)
    found = await _found(session, name)
    findings = [finding async for finding in probed(found, url, file=plugin, allow_private=allow_private)]
    show(findings, session.given.form)
    return ExitCode.FAILED if any(each.outcome is Finding.FAILED for each in findings) else ExitCode.OK

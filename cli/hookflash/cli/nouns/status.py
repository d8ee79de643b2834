"""`hookflash status`: how the server is, in a few lines."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from hookflash.cli.output import word
from hookflash.cli.session import Session, calling
from hookflash.cli.text import bare, shown_duration
from hookflash.cli.tree import Verb

if TYPE_CHECKING:
    from hookflash.sdk.client import messages as m

__all__ = ["status"]

_KIB = 1024
_IN_ORDER = ("RUNNING", "CONNECTED", "STARTING")


@click.command(cls=Verb)
@calling
async def status(session: Session) -> None:
    """Show version, uptime, position, journal, views, plugins, channels not in order, and warnings."""
    from hookflash.sdk.client import messages as m

    server = await session.client.get_server(m.GetServerRequest())
    session.printer.facts(server, _facts(session.client.address, server), session.client.address)


def _facts(address: str, server: m.Server) -> list[tuple[str, str]]:
    plugins = Counter(word(each, "state") for each in server.plugins)
    facts = [
        ("server", address),
        ("version", server.version),
        ("up for", shown_duration(server.uptime.ToTimedelta().total_seconds())),
        ("data", server.data),
        ("position", str(server.position)),
        ("journal", _size(server.journal_bytes)),
        ("views behind", f"{server.projector_lag} records"),
        ("plugins", ", ".join(f"{count} {state.lower()}" for state, count in sorted(plugins.items(), reverse=True))),
    ]
    down = [each for each in server.channels if word(each.status, "state") not in _IN_ORDER]
    if server.channels:
        facts.append(("channels", f"{len(server.channels) - len(down)} in order, {len(down)} not"))
    facts += [
        ("not in order", f"{bare(each.name)}: {word(each.status, 'state')}. {each.status.reason}") for each in down
    ]
    facts += [
        ("restarted", f"the process that {does}, {count} {'time' if count == 1 else 'times'} since the start")
        for does, count in (("speaks gRPC", server.front_restarts), ("writes the views", server.views_restarts))
        if count
    ]
    if server.insecure:
        facts.append(("warning", "It can be reached from other machines without TLS and authentication."))
    return facts + [("warning", each) for each in server.warnings]


def _size(number: int) -> str:
    size = float(number)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < _KIB:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= _KIB
    return f"{size:.1f} TiB"

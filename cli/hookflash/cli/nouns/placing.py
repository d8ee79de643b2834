"""`hookflash conversation transfer|conference|route`: placing an invite, and waiting for its end.

While it waits, a terminal's stderr shows for what: `offered to bob (2nd agent), 18 s left`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, Unpack

import click

from hookflash.cli.failures import CommandError, ExitCode
from hookflash.cli.session import Session, calling
from hookflash.cli.text import duration_s, full, target_of
from hookflash.cli.tree import Verb

if TYPE_CHECKING:
    from hookflash.sdk.client import messages as m

__all__ = ["add_placing", "seconds", "sought"]

_Command = TypeVar("_Command", bound=Callable[..., Any])
_Request = TypeVar("_Request", "m.TransferRequest", "m.ConferenceRequest")

_NAME = click.argument("name", metavar="CONVERSATION")
_TO = click.option("--to", metavar="queue:ID|agent:ID", required=True, help="Whom to seek.")
_NOTE = click.option("--note", metavar="TEXT", help="For the receiving agent only; never for the customer.")
_AS = click.option(
    "--as", "agent", metavar="AGENT", default="", help="The inviting agent; an agent's own token needs none."
)
_TTL = click.option("--ttl", metavar="TIME", help="How long to seek; the queue's setting unless given.")
_PRIORITY = click.option("--priority", type=click.IntRange(1, 10), help="Higher is sooner.")
_ETAG = click.option("--etag", metavar="ETAG", default="", help="Only if the conversation is still as it was.")
_WAIT = click.option("--wait", is_flag=True, help="Wait until somebody accepts or nobody did; then exit 0 or 6.")
_DRY_RUN = click.option("--dry-run", is_flag=True, help="Make all checks and nothing else.")


def add_placing(group: click.Group) -> None:
    """Add the verbs of this module to `hookflash conversation`."""
    for verb in (transfer, conference, route):
        group.add_command(verb)


def sought(given: str) -> m.Target:
    """Return the API's Target for what `--to` was given."""
    from hookflash.sdk.client import messages as m

    kind, name = target_of(given)
    return m.Target(queue=name) if kind == "queue" else m.Target(agent=name)


def seconds(option: str, given: str) -> float:
    """Read a duration given as an option."""
    try:
        return duration_s(given)
    except ValueError as error:
        raise CommandError(f"{option}: {error}", ExitCode.USAGE) from error


async def _placed(session: Session, invite: m.Invite, *, is_wait_wanted: bool, is_dry_run: bool = False) -> int:
    from hookflash.cli.views import INVITE
    from hookflash.cli.waiting import wait_for_end

    if is_dry_run:
        session.say("Everything is in order; nothing was done.")
    elif is_wait_wanted:
        return await wait_for_end(session, invite.name)
    session.printer.one(invite, INVITE)
    return ExitCode.OK


class _Placing(TypedDict):
    """What transfer and conference are given alike."""

    name: str
    to: str
    note: str | None
    agent: str
    ttl: str | None
    priority: int | None
    etag: str
    wait: bool
    dry_run: bool


def _placing(command: _Command) -> _Command:
    """The options of transfer and conference."""
    for option in (_DRY_RUN, _WAIT, _ETAG, _PRIORITY, _TTL, _AS, _NOTE, _TO, _NAME):
        command = option(command)
    return command


def _filled(request: _Request, given: _Placing) -> _Request:
    request.name = full("conversations", given["name"])
    request.agent = full("agents", given["agent"]) if given["agent"] else ""
    request.target.CopyFrom(sought(given["to"]))
    request.etag, request.validate_only = given["etag"], given["dry_run"]
    if given["note"] is not None:
        request.note = given["note"]
    if given["priority"] is not None:
        request.priority = given["priority"]
    if given["ttl"] is not None:
        request.ttl.FromTimedelta(timedelta(seconds=seconds("--ttl", given["ttl"])))
    return request


@click.command(cls=Verb)
@_placing
@calling
async def transfer(session: Session, **given: Unpack[_Placing]) -> int:
    """Hand the conversation to a queue or an agent; the inviting agent leaves at once."""
    from hookflash.sdk.client import messages as m

    invite = await session.client.transfer(_filled(m.TransferRequest(), given))
    return await _placed(session, invite, is_wait_wanted=given["wait"], is_dry_run=given["dry_run"])


@click.command(cls=Verb)
@_placing
@calling
async def conference(session: Session, **given: Unpack[_Placing]) -> int:
    """Add an agent from a queue, or a named one; the inviting agent stays."""
    from hookflash.sdk.client import messages as m

    invite = await session.client.conference(_filled(m.ConferenceRequest(), given))
    return await _placed(session, invite, is_wait_wanted=given["wait"], is_dry_run=given["dry_run"])


@click.command(cls=Verb)
@_NAME
@_TO
@_TTL
@_PRIORITY
@_WAIT
@calling
async def route(
    session: Session,
    *,
    name: str,
    to: str,
    ttl: str | None,
    priority: int | None,
    wait: bool,
) -> int:
    """Seek an agent for a conversation that nobody attends."""
    from hookflash.sdk.client import messages as m

    request = m.RouteRequest(name=full("conversations", name), target=sought(to), priority=priority)
    if ttl is not None:
        request.ttl.FromTimedelta(timedelta(seconds=seconds("--ttl", ttl)))
    return await _placed(session, await session.client.route(request), is_wait_wanted=wait)

"""`hookflash events`: what happened, as the journal holds it."""

import click

from hookflash.cli.failures import CommandError, ExitCode
from hookflash.cli.session import Session, calling, pages
from hookflash.cli.tree import Noun

__all__ = ["events"]

_FILTER = click.option(
    "--filter",
    "filter_",
    metavar="FILTER",
    default="",
    help="Such as `subject = conversations/42 AND type = InvitePlaced`.",
)


@click.group(cls=Noun)
def events() -> None:
    """What happened, as the journal holds it."""


@events.command("list")
@_FILTER
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="How many at most.")
@click.option("--page-token", metavar="TOKEN", default="", help="Go on where an earlier list ended (-o json shows it).")
@calling
async def list_(session: Session, filter_: str, limit: int, page_token: str) -> None:
    """List events, oldest first."""
    from hookflash.cli.views import EVENT
    from hookflash.sdk.client import messages as m

    request = m.ListEventsRequest(filter=filter_, page_token=page_token)
    answer = await pages(session.client.list_events, request, "events", limit)
    session.printer.many(answer, answer.events, EVENT)
    if answer.next_page_token:
        session.say(f"There are more: --limit, or --page-token {answer.next_page_token}.")


@events.command()
@_FILTER
@click.option("--after", "after_position", type=click.IntRange(min=0), help="Start after this position.")
@click.option("--from-start", is_flag=True, help="Start at the journal's beginning.")
@calling
async def watch(session: Session, *, filter_: str, after_position: int | None, from_start: bool) -> None:
    """Follow events as they are recorded, from now on, until Ctrl-C."""
    from hookflash.cli.views import EVENT

    if from_start and after_position is not None:
        raise CommandError("Give --after or --from-start, not both.", ExitCode.USAGE)
    is_first = True
    stream = session.client.watch(after_position=after_position, from_start=from_start, filter=filter_)
    async for answer in stream:
        session.printer.streamed(list(answer.events), EVENT, has_head=is_first)
        is_first = is_first and not answer.events

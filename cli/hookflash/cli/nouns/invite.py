"""`hookflash invite`: searches for an agent."""

import click

from hookflash.cli.failures import CommandError, ExitCode
from hookflash.cli.session import Session, calling
from hookflash.cli.text import full
from hookflash.cli.tree import Noun

__all__ = ["invite"]

_NAME = click.argument("name", metavar="INVITE")


@click.group(cls=Noun)
def invite() -> None:
    """Invites: searches for an agent. INVITE is a name like 42/invites/1, or short, 42/1."""


@invite.command()
@_NAME
@click.option("--wait", is_flag=True, help="Wait until it has ended; then exit 0 if somebody accepted, else 6.")
@calling
async def get(session: Session, *, name: str, wait: bool) -> int:
    """Show one invite, or wait for its end."""
    from hookflash.cli.views import INVITE
    from hookflash.cli.waiting import wait_for_end
    from hookflash.sdk.client import messages as m

    if wait:
        return await wait_for_end(session, invite_name(name))
    session.printer.one(await session.client.get_invite(m.GetInviteRequest(name=invite_name(name))), INVITE)
    return ExitCode.OK


@invite.command()
@_NAME
@calling
async def cancel(session: Session, name: str) -> None:
    """Withdraw an open invite."""
    from hookflash.cli.views import INVITE
    from hookflash.sdk.client import messages as m

    answer = await session.client.cancel_invite(m.CancelInviteRequest(name=invite_name(name)))
    session.printer.one(answer, INVITE)


@invite.command()
@_NAME
@click.option("--agent", "agents", metavar="ID", multiple=True, help="Tell of this agent in any case.")
@click.option("--agents-max", metavar="N", type=click.IntRange(min=1), help="List so many agents at most.")
@calling
async def explain(session: Session, *, name: str, agents: tuple[str, ...], agents_max: int | None) -> None:
    """Say why each agent was or was not asked: now, and at each decision made for the invite."""
    from hookflash.cli.explaining import show
    from hookflash.sdk.client import messages as m

    named = [full("agents", agent) for agent in agents]
    request = m.ExplainRequest(invite=invite_name(name), agents=named, agents_max=agents_max or 0)
    show(session.printer, await session.client.explain(request))


def invite_name(given: str) -> str:
    """Return an invite's name for `conversations/42/invites/1`, `42/invites/1` or `42/1`."""
    parts = given.removeprefix("conversations/").split("/")
    match parts:
        case [conversation, "invites", number] | [conversation, number] if conversation and number.isdigit():
            return f"{full('conversations', conversation)}/invites/{number}"
        case _:
            raise CommandError(f"{given!r} is no invite; write it like 42/invites/1.", ExitCode.USAGE)

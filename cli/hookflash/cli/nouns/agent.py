"""`hookflash agent`: the agents, and a desk in the terminal."""

import click

from hookflash.cli.session import Session, calling, pages
from hookflash.cli.text import full
from hookflash.cli.tree import Noun

__all__ = ["agent"]

_STATES = (
    "LOGGED_OUT", "NOT_READY", "READY", "RESERVED", "ACTIVE", "BUSY", "PENDING_NOT_READY", "INTERRUPTED",
)  # fmt: skip


@click.group(cls=Noun)
def agent() -> None:
    """Agents, and a desk in the terminal."""


@agent.command("list")
@click.option("--queue", metavar="ID", help="Only those who serve this queue.")
@click.option("--state", type=click.Choice(_STATES, case_sensitive=False), help="Only those in this state.")
@calling
async def list_(session: Session, queue: str | None, state: str | None) -> None:
    """List agents and their states."""
    from hookflash.cli.views import AGENT
    from hookflash.sdk.client import messages as m

    request = m.ListAgentsRequest(queue=full("queues", queue) if queue else "")
    if state:
        request.state = m.AgentState.Value(f"AGENT_STATE_{state}")
    answer = await pages(session.client.list_agents, request, "agents")
    session.printer.many(answer, answer.agents, AGENT)


@agent.command()
@click.argument("name", metavar="AGENT")
@calling
async def get(session: Session, name: str) -> None:
    """Show one agent."""
    from hookflash.cli.views import AGENT
    from hookflash.sdk.client import messages as m

    session.printer.one(await session.client.get_agent(m.GetAgentRequest(name=full("agents", name))), AGENT)


@agent.command("set")
@click.argument("name", metavar="AGENT")
@click.argument("state", metavar="ready|not-ready|logged-out", type=click.Choice(["ready", "not-ready", "logged-out"]))
@click.option("--media-domain", metavar="ID", default="", help="Only in this media domain; all unless given.")
@click.option("--reason", metavar="TEXT", default="", help="Why, for the record.")
@calling
async def set_(session: Session, name: str, state: str, media_domain: str, reason: str) -> None:
    """Set an agent ready or not ready, or log him out."""
    from hookflash.cli.views import AGENT
    from hookflash.sdk.client import messages as m

    agent = full("agents", name)
    if state == "logged-out":
        answer = await session.client.logout(m.LogoutRequest(agent=agent, reason=reason))
    else:
        wanted = m.Readiness.READINESS_READY if state == "ready" else m.Readiness.READINESS_NOT_READY
        answer = await session.client.set_agent_state(
            m.SetAgentStateRequest(agent=agent, state=wanted, media_domain=media_domain, reason=reason)
        )
    session.printer.one(answer, AGENT)


@agent.command()
@click.argument("name", metavar="AGENT")
@click.option("--ready", is_flag=True, help="Set the agent ready at once.")
@calling
async def attach(session: Session, *, name: str, ready: bool) -> int:
    """Open a desk: take offers, talk, whisper, transfer. The agent is logged in while it is open.

    Commands are lines on standard input; `help` lists them.
    """
    from hookflash.cli.desk import Desk
    from hookflash.cli.desk_input import Lines

    return await Desk(session, full("agents", name)).run(Lines(), is_ready_wanted=ready)

"""`hookflash queue`: the queues and their figures."""

import click

from hookflash.cli.session import Session, calling, pages
from hookflash.cli.text import full
from hookflash.cli.tree import Noun

__all__ = ["queue"]


@click.group(cls=Noun)
def queue() -> None:
    """Queues and their figures."""


@queue.command("list")
@click.option("--conversation", metavar="ID", help="Leave this conversation's participants out of AVAILABLE.")
@click.option("--agent", metavar="ID", help="Leave this agent out of AVAILABLE.")
@calling
async def list_(session: Session, conversation: str | None, agent: str | None) -> None:
    """List queues, with how many agents are available."""
    from hookflash.cli.views import QUEUE
    from hookflash.sdk.client import messages as m

    request = m.ListQueuesRequest(
        conversation=full("conversations", conversation) if conversation else "",
        agent=full("agents", agent) if agent else "",
    )
    answer = await pages(session.client.list_queues, request, "queues")
    session.printer.many(answer, answer.queues, QUEUE)


@queue.command()
@click.argument("name", metavar="QUEUE")
@calling
async def get(session: Session, name: str) -> None:
    """Show one queue."""
    from hookflash.cli.views import QUEUE
    from hookflash.sdk.client import messages as m

    session.printer.one(await session.client.get_queue(m.GetQueueRequest(name=full("queues", name))), QUEUE)


@queue.command()
@calling
async def watch(session: Session) -> None:
    """Follow the queues' figures until Ctrl-C: all of them first, then each that changes."""
    from hookflash.cli.views import QUEUE

    is_first = True
    async for answer in session.client.watch_queues():
        session.printer.streamed(list(answer.queues), QUEUE, has_head=is_first)
        for name in answer.deleted_queues:
            session.say(f"{name} was deleted.")
        is_first = False

"""`hookflash conversation`: reading, opening and ending conversations, and what is said in them.

Transfers and conferences are in `placing.py`.
"""

import sys

import click

from hookflash.cli.nouns.placing import add_placing
from hookflash.cli.session import Session, calling, pages
from hookflash.cli.text import full
from hookflash.cli.tree import Noun

__all__ = ["conversation"]

_LIMIT = 100
_AS = click.option(
    "--as", "agent", metavar="AGENT", default="", help="The acting agent; an agent's own token needs none."
)
_NAME = click.argument("name", metavar="CONVERSATION")


@click.group(cls=Noun)
def conversation() -> None:
    """Conversations: read, transfer, whisper, close."""


@conversation.command("list")
@click.option(
    "--filter", "filter_", metavar="FILTER", default="", help="Such as `state = ACTIVE AND agent = agents/ann`."
)
@click.option("--limit", type=click.IntRange(min=1), default=_LIMIT, show_default=True, help="How many at most.")
@calling
async def list_(session: Session, filter_: str, limit: int) -> None:
    """List conversations, newest first."""
    from hookflash.cli.views import CONVERSATION
    from hookflash.sdk.client import messages as m

    request = m.ListConversationsRequest(filter=filter_)
    answer = await pages(session.client.list_conversations, request, "conversations", limit)
    session.printer.many(answer, answer.conversations, CONVERSATION)
    if answer.next_page_token:
        session.say(f"There are more; these are the newest {limit}. See --limit and --filter.")


@conversation.command()
@_NAME
@calling
async def get(session: Session, name: str) -> None:
    """Show one conversation."""
    from hookflash.cli.views import CONVERSATION
    from hookflash.sdk.client import messages as m

    request = m.GetConversationRequest(name=full("conversations", name))
    session.printer.one(await session.client.get_conversation(request), CONVERSATION)


@conversation.command()
@click.option("--channel", metavar="ID", required=True, help="The channel to the customer.")
@click.option("--address", metavar="ADDRESS", required=True, help="The customer's address in that channel.")
@click.option("--customer", metavar="NAME", default="", help="The customer's name.")
@click.option("--identified", is_flag=True, help="The name is established, not only claimed.")
@click.option("--id", "id_", metavar="ID", default="", help="The id to give it; the engine makes one unless given.")
@click.option("--to", metavar="queue:ID|agent:ID", help="Whom to seek at once; else the channel's queue.")
@click.option("--attribute", "attributes", metavar="KEY=VALUE", multiple=True, help="A fact to keep with it.")
@calling
async def create(
    session: Session,
    *,
    channel: str,
    address: str,
    customer: str,
    identified: bool,
    id_: str,
    to: str | None,
    attributes: tuple[str, ...],
) -> None:
    """Open a conversation for a customer's address."""
    from hookflash.cli.nouns.placing import sought
    from hookflash.cli.views import CONVERSATION
    from hookflash.sdk.client import messages as m

    for each in attributes:
        if "=" not in each:
            raise click.BadParameter(f"{each!r} is not KEY=VALUE.", param_hint="--attribute")
    request = m.CreateConversationRequest(
        conversation_id=id_,
        channel=full("channels", channel),
        address=address,
        attributes=dict(each.split("=", 1) for each in attributes),
        target=None if to is None else sought(to),
    )
    if customer:
        request.customer.display_name = customer
        request.customer.identified = identified
    session.printer.one(await session.client.create_conversation(request), CONVERSATION)


@conversation.command()
@_NAME
@click.argument("text", metavar="[TEXT|-]", default="")
@click.option("--media", metavar="URL", default="", help="A picture or file to send, by its https URL.")
@_AS
@calling
async def send(session: Session, name: str, text: str, media: str, agent: str) -> None:
    """Say something to everybody, the customer included; `-` reads the text from standard input.

    With `--media` the text is its caption, and may be left out; the ending of the URL tells what it is.
    """
    from hookflash.cli.views import MESSAGE
    from hookflash.sdk.client import messages as m

    if not text and not media:
        raise click.UsageError("Missing argument 'TEXT'; only with --media it may be left out.")
    request = m.SendMessageRequest(name=full("conversations", name), agent=acting(agent), text=_text(text))
    if media:
        mime_type, file = _told_by(media)
        request.media.CopyFrom(m.MessageMedia(url=media, mime_type=mime_type, name=file))
    session.printer.one(await session.client.send_message(request), MESSAGE)


@conversation.command()
@_NAME
@click.argument("text", metavar="TEXT|-")
@_AS
@calling
async def whisper(session: Session, name: str, text: str, agent: str) -> None:
    """Say something to the agents only; `-` reads the text from standard input."""
    from hookflash.cli.views import MESSAGE
    from hookflash.sdk.client import messages as m

    request = m.WhisperRequest(name=full("conversations", name), agent=acting(agent), text=_text(text))
    session.printer.one(await session.client.whisper(request), MESSAGE)


@conversation.command()
@_NAME
@_AS
@calling
async def leave(session: Session, name: str, agent: str) -> None:
    """Take an agent out of the conversation."""
    from hookflash.cli.views import CONVERSATION
    from hookflash.sdk.client import messages as m

    request = m.LeaveRequest(name=full("conversations", name), agent=acting(agent))
    session.printer.one(await session.client.leave(request), CONVERSATION)


@conversation.command()
@_NAME
@click.option("--reason", metavar="TEXT", default="", help="Why, for the record.")
@click.option("--etag", metavar="ETAG", default="", help="Only if the conversation is still as it was.")
@calling
async def close(session: Session, name: str, reason: str, etag: str) -> None:
    """End the conversation for everybody."""
    from hookflash.cli.views import CONVERSATION
    from hookflash.sdk.client import messages as m

    request = m.CloseConversationRequest(name=full("conversations", name), reason=reason, etag=etag)
    session.printer.one(await session.client.close_conversation(request), CONVERSATION)


@conversation.command()
@_NAME
@_AS
@calling
async def timeline(session: Session, name: str, agent: str) -> None:
    """Show what was said and what happened, as the agents see it."""
    from hookflash.cli.reading import print_timeline
    from hookflash.sdk.client import messages as m

    request = m.ListTimelineRequest(name=full("conversations", name), agent=acting(agent))
    print_timeline(session, await pages(session.client.list_timeline, request, "entries"))


@conversation.command()
@_NAME
@calling
async def transcript(session: Session, name: str) -> None:
    """Show what the customer sees."""
    from hookflash.cli.reading import print_transcript
    from hookflash.sdk.client import messages as m

    request = m.GetTranscriptRequest(name=full("conversations", name))
    print_transcript(session, await pages(session.client.get_transcript, request, "entries"))


@conversation.command()
@_NAME
@_AS
@calling
async def watch(session: Session, name: str, agent: str) -> None:
    """Follow the conversation: its Timeline so far, then each entry as it comes, until it is closed."""
    from hookflash.cli.reading import follow_timeline

    await follow_timeline(session, full("conversations", name), acting(agent))


def acting(agent: str) -> str:
    """Return the acting agent's name; empty where none is named."""
    return full("agents", agent) if agent else ""


def _told_by(url: str) -> tuple[str, str]:
    """The MIME type and the name of a file, as its URL tells them; empty what it does not tell."""
    from mimetypes import guess_type
    from pathlib import PurePosixPath
    from urllib.parse import unquote, urlsplit

    try:
        path = unquote(urlsplit(url).path)
    except ValueError:
        return "", ""  # The server says what is wrong with it.
    return guess_type(path)[0] or "", PurePosixPath(path).name


def _text(given: str) -> str:
    return sys.stdin.read().rstrip("\n") if given == "-" else given


add_placing(conversation)

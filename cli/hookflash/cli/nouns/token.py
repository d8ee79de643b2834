"""`hookflash token`: who may call, as what."""

import os
from datetime import timedelta
from pathlib import Path

import click

from hookflash.cli.failures import CommandError
from hookflash.cli.session import Session, calling, pages
from hookflash.cli.text import full
from hookflash.cli.tree import Noun

__all__ = ["token"]

_ROLES = ("viewer", "agent", "supervisor", "service", "adapter", "admin")


@click.group(cls=Noun)
def token() -> None:
    """Tokens: who may call, as what."""


@token.command()
@click.option("--role", type=click.Choice(_ROLES), required=True, help="What it may do.")
@click.option("--subject", metavar="WHO", required=True, help="Who it stands for; with --role agent, the agent's id.")
@click.option(
    "--agent", "agents", metavar="ID", multiple=True, help="With --role service: an agent it may act for; else all."
)
@click.option("--channel", metavar="ID", help="With --role adapter: the channel it is bound to.")
@click.option("--ttl", metavar="TIME", help="How long it lives, such as 30d.")
@click.option(
    "--write",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write the token to FILE (mode 0600), not to stdout.",
)
@calling
async def create(
    session: Session,
    role: str,
    subject: str,
    agents: tuple[str, ...],
    channel: str | None,
    ttl: str | None,
    write: Path | None,
) -> None:
    """Make a token. It is shown this once."""
    from hookflash.cli.nouns.placing import seconds
    from hookflash.sdk.client import messages as m

    request = m.CreateTokenRequest(
        subject=full("agents", subject) if role == "agent" else subject,
        role=m.Role.Value(f"ROLE_{role.upper()}"),
        agents=[full("agents", each) for each in agents],
        channel=full("channels", channel) if channel else "",
    )
    if ttl is not None:
        request.ttl.FromTimedelta(timedelta(seconds=seconds("--ttl", ttl)))
    # Opened before the token is made: one that nobody can read any more would be a pity.
    file = None if write is None else _opened(write)
    answer = await session.client.create_token(request)
    if file is not None:
        with os.fdopen(file, "w") as opened:
            opened.write(answer.token)
        answer.token = ""
    facts = [("name", answer.name), *([("token", answer.token)] if answer.token else [("file", str(write))])]
    session.printer.facts(answer, facts, answer.name)


@token.command("list")
@calling
async def list_(session: Session) -> None:
    """List tokens, without their secrets."""
    from hookflash.cli.views import TOKEN
    from hookflash.sdk.client import messages as m

    answer = await pages(session.client.list_tokens, m.ListTokensRequest(), "tokens")
    session.printer.many(answer, answer.tokens, TOKEN)


@token.command()
@click.argument("name", metavar="TOKEN")
@calling
async def revoke(session: Session, name: str) -> None:
    """End a token at once."""
    from hookflash.sdk.client import messages as m

    await session.client.revoke_token(m.RevokeTokenRequest(name=full("tokens", name)))
    session.say(f"{full('tokens', name)} is revoked.")


def _opened(path: Path) -> int:
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        os.fchmod(descriptor, 0o600)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
    return descriptor

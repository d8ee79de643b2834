"""`Registry.command`: `hookflash ping pong` says pong. A command runs in the caller's process, not in the server's."""

import click

from hookflash.sdk import Registry, hookimpl

SDK_API = ">=1.0,<2"


@click.command("pong")
@click.option("--times", default=1, show_default=True, help="How often.")
def pong(times: int) -> None:
    """Say pong."""
    click.echo(" ".join(["pong"] * times))


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the command."""
    registry.command(pong)

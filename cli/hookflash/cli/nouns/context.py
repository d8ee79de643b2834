"""`hookflash context`: the servers that this user calls, by name."""

from dataclasses import fields, replace
from pathlib import Path

import click

from hookflash.cli.contexts import Context, Contexts, read_contexts, write_contexts
from hookflash.cli.failures import CommandError, ExitCode
from hookflash.cli.options import Given
from hookflash.cli.tree import Noun

__all__ = ["context"]

_NAME = click.argument("name", metavar="NAME")
_PATHS = ("token_file", "tls_ca", "tls_client_cert", "tls_client_key")


@click.group(cls=Noun)
def context() -> None:
    """Servers that this user calls, by name."""


@context.command("list")
@click.pass_context
def list_(click_context: click.Context) -> None:
    """List contexts; the one in use is marked."""
    contexts = read_contexts()
    form = (click_context.find_object(Given) or Given()).form
    rows = [
        {
            "name": name,
            "server": each.server or "",
            "tokenFile": each.token_file or "",
            "current": name == contexts.current,
        }
        for name, each in contexts.by_name.items()
    ]
    match form:
        case "name":
            print("".join(f"{row['name']}\n" for row in rows), end="")
        case "json" | "jsonl" | "yaml":
            _print_rows(form, rows)
        case _:
            for row in rows:
                print(f"{'*' if row['current'] else ' '} {row['name']}  {row['server']}".rstrip())


def _print_rows(form: str, rows: list[dict[str, object]]) -> None:
    import json

    match form:
        case "json":
            print(json.dumps({"contexts": rows}, indent=2))
        case "jsonl":
            print("".join(f"{json.dumps(row)}\n" for row in rows), end="")
        case _:
            from hookflash.cli.output import as_yaml

            print(as_yaml({"contexts": rows}), end="")


@context.command()
@_NAME
def use(name: str) -> None:
    """Use this context where none is named."""
    contexts = read_contexts()
    _known(contexts, name)
    write_contexts(replace(contexts, current=name))


@context.command("set")
@_NAME
@click.pass_context
def set_(click_context: click.Context, name: str) -> None:
    """Make or change a context: give --server, --token-file, --tls-ca, ... with it. The first one made is used."""
    given = (click_context.find_object(Given) or Given()).values
    if not name or not name.isprintable():
        raise CommandError("A context's name must be some printable text.", ExitCode.USAGE)
    values = {each.name: given[each.name] for each in fields(Context) if each.name in given}
    if not values:
        raise CommandError("Say what to set: --server, --token-file, --tls-ca, ...", ExitCode.USAGE)
    for key in _PATHS:
        if key in values and values[key] != "system":
            # It has to hold whatever directory the next command is run in.
            values[key] = str(Path(values[key]).expanduser().absolute())
    contexts = read_contexts()
    changed = replace(contexts.by_name.get(name, Context()), **values)
    write_contexts(Contexts(current=contexts.current or name, by_name={**contexts.by_name, name: changed}))


@context.command()
@_NAME
def delete(name: str) -> None:
    """Forget a context."""
    contexts = read_contexts()
    _known(contexts, name)
    left = {each: value for each, value in contexts.by_name.items() if each != name}
    write_contexts(Contexts(current=None if contexts.current == name else contexts.current, by_name=left))


def _known(contexts: Contexts, name: str) -> None:
    if name not in contexts.by_name:
        known = ", ".join(contexts.by_name) or "none"
        raise CommandError(f"There is no context {name!r}; known are: {known}.", ExitCode.NOT_FOUND)

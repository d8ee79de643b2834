"""The global options: what was given, and what holds when flag, variable, context and default are put together.

A flag goes before its `HOOKFLASH_*` variable, that before the context, that before the default. A token is sent only to
the server it belongs to: a context's own token to the context's server, a local server's to this machine.
"""

import ipaddress
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import click

from hookflash.cli.contexts import Context, read_contexts, read_secret
from hookflash.cli.failures import CommandError, ExitCode
from hookflash.cli.text import duration_s

__all__ = ["FORMS", "GLOBAL_OPTIONS", "Given", "Target", "global_options", "is_local", "resolve"]

FORMS: Final = ("table", "wide", "json", "yaml", "jsonl", "name")
COLORS: Final = ("auto", "always", "never")
DEFAULT_SERVER: Final = "127.0.0.1:7433"
DEFAULT_DATA: Final = "hookflash-data"


@dataclass(slots=True)
class Given:
    """The global options of one call, from flags and variables; None where nothing was given."""

    values: dict[str, str] = field(default_factory=dict)

    def value(self, name: str) -> str | None:
        """Return what was given as a flag, else as a variable, else None."""
        if name in self.values:
            return self.values[name]
        return os.environ.get(f"HOOKFLASH_{name.upper()}") or None

    @property
    def is_quiet(self) -> bool:
        """Whether only results and errors are wanted."""
        return "quiet" in self.values

    @property
    def is_verbose(self) -> bool:
        """Whether an error's details are wanted."""
        return "verbose" in self.values

    @property
    def form(self) -> str:
        """The form of the output."""
        return self._one_of("output", FORMS)

    @property
    def color(self) -> str:
        """When to use colours."""
        return self._one_of("color", COLORS)

    @property
    def timeout_s(self) -> float | None:
        """How long to wait, in seconds; None: the default."""
        text = self.value("timeout")
        if text is None:
            return None
        try:
            seconds = duration_s(text)
        except ValueError as error:
            raise CommandError(f"--timeout: {error}", ExitCode.USAGE) from error
        if seconds <= 0:
            raise CommandError("--timeout must be more than nothing.", ExitCode.USAGE)
        return seconds

    def _one_of(self, name: str, words: tuple[str, ...]) -> str:
        value = self.value(name) or words[0]
        if value not in words:
            raise CommandError(f"--{name} {value!r} is unknown; known are {', '.join(words)}.", ExitCode.USAGE)
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The server to call, and with what."""

    server: str
    token: str | None = field(default=None, repr=False)
    tls_ca: str | None = None
    tls_client_cert: str | None = None
    tls_client_key: str | None = None

    @property
    def is_tls(self) -> bool:
        """Whether the connection is to be encrypted."""
        return self.tls_ca is not None or self.tls_client_cert is not None


def resolve(given: Given, environment: Mapping[str, str] = os.environ) -> Target:
    """Put flags, variables, context and defaults together."""
    contexts = read_contexts(environment)
    name = given.value("context")
    if name is not None and name not in contexts.by_name:
        known = ", ".join(contexts.by_name) or "none"
        raise CommandError(f"There is no context {name!r}; known are: {known}.", ExitCode.USAGE)
    context = contexts.by_name.get(name or contexts.current or "", Context())
    own_server = context.server or DEFAULT_SERVER
    server = given.value("server") or own_server
    # A context's secrets are for its own server; a flag that names another one does not take them along.
    secrets = context if server == own_server else Context()
    return Target(
        server=server,
        token=_token(given, secrets, server),
        tls_ca=given.value("tls_ca") or secrets.tls_ca,
        tls_client_cert=given.value("tls_client_cert") or secrets.tls_client_cert,
        tls_client_key=given.value("tls_client_key") or secrets.tls_client_key,
    )


def _token(given: Given, context: Context, server: str) -> str | None:
    file = given.value("token_file")
    if file is not None:
        return read_secret(Path(file))
    token = os.environ.get("HOOKFLASH_TOKEN") or context.token
    if token:
        return token
    if context.token_file:
        return read_secret(Path(context.token_file).expanduser())
    # What `hookflash serve` wrote where it was started, for whoever works in the same directory.
    beside = Path(os.environ.get("HOOKFLASH_DATA") or DEFAULT_DATA) / "admin.token"
    return read_secret(beside) if is_local(server) and beside.is_file() else None


def is_local(server: str) -> bool:
    """Whether an address is on this machine: a loopback address or a Unix socket."""
    if server.startswith("unix:"):
        return True
    host = server.rpartition(":")[0].strip("[]")
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _keep(context: click.Context, parameter: click.Parameter, value: str | bool | None) -> None:  # noqa: FBT001
    if value is None or value is False or parameter.name is None:
        return
    given = context.find_object(Given)
    if given is not None:
        given.values[parameter.name] = str(value)


def global_options(*, is_hidden: bool) -> list[click.Option]:
    """Return the global options anew; what a command is given overrides what stood before it."""

    def option(*names: str, metavar: str | None = None, line: str, is_flag: bool = False) -> click.Option:
        return click.Option(
            names, metavar=metavar, help=line, is_flag=is_flag, hidden=is_hidden, expose_value=False, callback=_keep
        )

    return [
        option("--server", metavar="HOST:PORT", line=f"The server to call; {DEFAULT_SERVER} unless given."),
        option("--token-file", metavar="FILE", line="The file that holds the token (mode 0600)."),
        option("--context", metavar="NAME", line="Take server and token from this context."),
        option("--tls-ca", metavar="FILE", line="Use TLS; trust this authority (PEM), or `system`."),
        option("--tls-client-cert", metavar="FILE", line="Show the server this certificate (PEM)."),
        option("--tls-client-key", metavar="FILE", line="The key of that certificate (PEM)."),
        option("-o", "--output", metavar="FORM", line="One of table, wide, json, yaml, jsonl, name."),
        option("--timeout", metavar="TIME", line="How long to wait for an answer; 10s unless given."),
        option("-q", "--quiet", line="Print results and errors only.", is_flag=True),
        option("-v", "--verbose", line="Say more about errors.", is_flag=True),
        option("--color", metavar="WHEN", line="One of auto, always, never."),
    ]


GLOBAL_OPTIONS: Final = global_options(is_hidden=False)
"""The global options as `hookflash --help` shows them."""


def warn(given: Given, sentence: str) -> None:
    """Print a warning on stderr, unless -q was given."""
    if not given.is_quiet:
        print(f"hookflash: {sentence}", file=sys.stderr)

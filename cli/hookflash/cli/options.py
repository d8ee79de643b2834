"""The global options: what was given, as a flag or else as its variable `HOOKFLASH_*`.

Loaded for every command, help included, so it imports nothing that help does without.
"""

import os
import sys
from dataclasses import dataclass, field
from typing import Final

import click

from hookflash.cli.failures import CommandError, ExitCode

__all__ = ["DEFAULT_SERVER", "FORMS", "GLOBAL_OPTIONS", "Given", "global_options", "warn"]

FORMS: Final = ("table", "wide", "json", "yaml", "jsonl", "name")
COLORS: Final = ("auto", "always", "never")
DEFAULT_SERVER: Final = "127.0.0.1:7433"


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
        from hookflash.cli.text import duration_s

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

"""Contexts: the servers that this user calls, by name, in a file of the user's own (mode 0600).

`$XDG_CONFIG_HOME/hookflash/contexts.toml`, by default under `~/.config`. A file that others may read is refused, since
it can hold a token; so is a token file.
"""

import json
import os
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from hookflash.cli.failures import CommandError, ExitCode

__all__ = ["Context", "Contexts", "contexts_file", "read_contexts", "read_secret", "write_contexts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One server, and what to show it; None where nothing is set."""

    server: str | None = None
    token_file: str | None = None
    token: str | None = field(default=None, repr=False)
    tls_ca: str | None = None
    tls_client_cert: str | None = None
    tls_client_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contexts:
    """The whole file: which context is used when none is named, and all of them."""

    current: str | None = None
    by_name: Mapping[str, Context] = field(default_factory=dict)


def contexts_file(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where the contexts of this user are, whether or not the file is there."""
    home = environment.get("XDG_CONFIG_HOME") or ""
    folder = Path(home) if home else Path(environment.get("HOME") or Path.home()) / ".config"
    return folder / "hookflash" / "contexts.toml"


def read_contexts(environment: Mapping[str, str] = os.environ) -> Contexts:
    """Read the file; no file is no context. Raises CommandError where it is not well-formed or open to others."""
    path = contexts_file(environment)
    try:
        _refuse_open(path)
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Contexts()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} is not valid TOML: {error}.", ExitCode.USAGE) from error
    current, named = tables.pop("current", None), tables.pop("contexts", {})
    if tables or not isinstance(named, dict) or not isinstance(current, str | None):
        raise CommandError(f"{path}: only `current` and [contexts.NAME] are known there.", ExitCode.USAGE)
    return Contexts(current=current, by_name={name: _context(path, name, table) for name, table in named.items()})


def _context(path: Path, name: str, table: object) -> Context:
    known = [each.name for each in fields(Context)]
    if not isinstance(table, dict):
        raise CommandError(f"{path}: {name} in [contexts] must be a table.", ExitCode.USAGE)
    for key, value in table.items():
        if key not in known or not isinstance(value, str):
            raise CommandError(
                f"{path}: {key} in [contexts.{name}] is unknown or no text; known are {', '.join(known)}.",
                ExitCode.USAGE,
            )
    return Context(**table)


def write_contexts(contexts: Contexts, environment: Mapping[str, str] = os.environ) -> Path:
    """Write the file whole, for this user's eyes only, and return where it is."""
    path = contexts_file(environment)
    lines = [] if contexts.current is None else [f"current = {_quoted(contexts.current)}"]
    for name, context in contexts.by_name.items():
        lines += ["", f"[contexts.{_quoted(name)}]"]
        for each in fields(Context):
            value = getattr(context, each.name)
            if value is not None:
                lines.append(f"{each.name} = {_quoted(value)}")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # A new file takes the old one's place at once: a crash leaves the old or the new, and mkstemp makes it 0600.
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".contexts-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("\n".join(lines).lstrip("\n") + "\n")
    Path(draft).replace(path)
    return path


def read_secret(path: Path) -> str:
    """Read a token file; raises CommandError where it is not there, not ours alone, or holds no token."""
    try:
        _refuse_open(path)
        token = path.read_text(encoding="ascii").strip()
    except FileNotFoundError as error:
        raise CommandError(
            f"There is no token file {path}; `hookflash serve` writes one as DIR/admin.token."
        ) from error
    except OSError as error:
        raise CommandError(f"The token file {path} cannot be read: {error.strerror}.", ExitCode.AUTH) from error
    except UnicodeDecodeError as error:
        raise CommandError(f"The file {path} holds no token.", ExitCode.AUTH) from error
    if not token or not token.isprintable() or " " in token:
        raise CommandError(f"The file {path} holds no token.", ExitCode.AUTH)
    return token


def _refuse_open(path: Path) -> None:
    if path.stat().st_mode & 0o077:
        raise CommandError(
            f"Others may read {path}, which holds secrets; close it with `chmod 600 {path}`.", ExitCode.AUTH
        )


def _quoted(text: str) -> str:
    # TOML's basic strings are JSON's, but for DEL, which json.dumps leaves as it is.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")

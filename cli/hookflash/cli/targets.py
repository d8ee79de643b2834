"""Which server is called, and with what: flag, variable, context and default put together.

A flag goes before its variable, that before the context, that before the default. A token is sent only to the server it
belongs to: a context's own token to the context's server, a local server's to this machine.
"""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hookflash.cli.contexts import Context, read_contexts, read_secret
from hookflash.cli.failures import CommandError, ExitCode
from hookflash.cli.options import DEFAULT_SERVER, Given

__all__ = ["DEFAULT_DATA", "Target", "is_local", "resolve"]

DEFAULT_DATA: Final = "hookflash-data"


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

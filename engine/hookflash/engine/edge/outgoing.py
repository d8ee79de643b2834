"""The HTTP client that plugins call others with: limits on connections and time, and no redirects."""

from typing import Final

import httpx

__all__ = ["http_client"]

_CALL_S: Final = 10.0
_CONNECTIONS_MAX: Final = 64


def http_client() -> httpx.AsyncClient:
    """Make one; whoever makes it closes it."""
    return httpx.AsyncClient(timeout=_CALL_S, limits=httpx.Limits(max_connections=_CONNECTIONS_MAX))

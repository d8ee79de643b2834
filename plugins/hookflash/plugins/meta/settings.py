"""The settings that every channel of Meta's has, and what they must look like.

The access token goes wherever `api_url` points, so that is HTTPS, or this machine.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from hookflash.sdk import Secret

__all__ = ["MetaConfig"]

_VERSION = re.compile(r"v\d{1,3}\.\d{1,2}", re.ASCII)
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MetaConfig:
    """What all of Meta's channels are told.

    `app_secret` signs webhooks, `verify_token` is what their handshake has to bring, `access_token` is for sending.
    `api_url` and `graph_version` say where the Graph API is, and which.
    """

    app_secret: Secret
    verify_token: Secret
    access_token: Secret
    api_url: str = "https://graph.facebook.com"
    graph_version: str = "v25.0"

    def __post_init__(self) -> None:
        """Refuse a place or a version that no call could go to."""
        url = urlsplit(self.api_url)
        if not url.hostname or not (url.scheme == "https" or (url.scheme == "http" and url.hostname in _LOOPBACK)):
            raise ValueError("setting 'api_url' must be an https address")
        if not _VERSION.fullmatch(self.graph_version):
            raise ValueError("setting 'graph_version' must look like v25.0")

"""What a Telegram channel is told: the bot's token, and how updates are fetched.

The account of its customers' addresses is the bot's id, the public part of the token.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Final, final

from hookflash.sdk import Secret

__all__ = ["TelegramConfig"]

_TOKEN: Final = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{1,128}", re.ASCII)
_WEBHOOK_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{1,256}", re.ASCII)
_POLL_MAX_S: Final = 50
_CONNECTIONS_MAX: Final = 100


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramConfig:
    """`token` is the bot's; `webhook_secret` what Telegram sends with each update (made of the token if not given).

    `poll_s` is how many seconds Telegram holds a poll open; `max_connections` how many updates it brings at once;
    `api_url` is another Bot API server than Telegram's own.
    """

    token: Secret
    webhook_secret: Secret | None = None
    poll_s: int = 25
    max_connections: int = 40
    api_url: str = "https://api.telegram.org"

    def __post_init__(self) -> None:
        """Refuse what Telegram would, in words that do not repeat a secret."""
        if not 1 <= self.poll_s <= _POLL_MAX_S:
            raise ValueError(f"setting 'poll_s' must be 1 to {_POLL_MAX_S}")
        if not 1 <= self.max_connections <= _CONNECTIONS_MAX:
            raise ValueError(f"setting 'max_connections' must be 1 to {_CONNECTIONS_MAX}")
        if not self.api_url.startswith(("https://", "http://")):
            raise ValueError("setting 'api_url' must be a URL")
        if not _TOKEN.fullmatch(self.token.reveal()):
            raise ValueError("setting 'token' must read like a bot's token: digits, a colon, letters and digits")
        if self.webhook_secret is not None and not _WEBHOOK_SECRET.fullmatch(self.webhook_secret.reveal()):
            raise ValueError("setting 'webhook_secret' must be 1 to 256 of A-Z a-z 0-9 _ -")

    @property
    def account(self) -> str:
        """The bot's id."""
        return self.token.reveal().partition(":")[0]

    @property
    def secret_token(self) -> Secret:
        """What proves that Telegram sent an update."""
        if self.webhook_secret is not None:
            return self.webhook_secret
        return Secret(hmac.new(self.token.reveal().encode(), b"hookflash webhook", hashlib.sha256).hexdigest())

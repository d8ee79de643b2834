"""What the webhook channel and the webhook sink are told: where to post, and the secrets of the signatures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, final

from hookflash.sdk import Secret
from hookflash.sdk.signing import require_standard_webhooks_secret

__all__ = ["SinkConfig", "WebhookConfig"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookConfig:
    """`url` is where deliveries are posted; `secret` signs both ways, `whsec_` and base64.

    While keys are changed, `previous_secret` is the one before: it is taken too, and signs too.
    """

    url: str
    secret: Secret
    previous_secret: Secret | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be posted to or signed with."""
        _check(self.url, self.secrets)

    @property
    def secrets(self) -> Sequence[Secret]:
        """Those that sign, the new one first."""
        return _both(self.secret, self.previous_secret)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SinkConfig:
    """`url` is where batches are posted (none: there is no sink); `secret` and `previous_secret` sign them.

    `audience` is whose view it is: CUSTOMER, or AGENTS, which holds whispers and notes and must be granted
    (`grant_agents = true`).
    """

    url: str = ""
    secret: Secret | None = None
    previous_secret: Secret | None = None
    audience: Literal["CUSTOMER", "AGENTS"] = "CUSTOMER"

    def __post_init__(self) -> None:
        """Refuse what cannot be posted to or signed with."""
        if self.url and self.secret is None:
            raise ValueError("setting 'secret' is missing: what is posted to 'url' is signed")
        if self.url:
            _check(self.url, self.secrets)

    @property
    def secrets(self) -> Sequence[Secret]:
        """Those that sign, the new one first."""
        return _both(self.secret, self.previous_secret)


def _both(secret: Secret | None, previous: Secret | None) -> Sequence[Secret]:
    return tuple(one for one in (secret, previous) if one is not None)


def _check(url: str, secrets: Sequence[Secret]) -> None:
    if not url.startswith(("https://", "http://")):
        raise ValueError("setting 'url' must be a URL")
    for secret in secrets:
        require_standard_webhooks_secret(secret)

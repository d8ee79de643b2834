"""What a web chat is told: who may sign customers in, from which pages, and how much of everything there is.

A page that is not on the list is refused before it is heard, and nobody is a customer without a signed token.
"""

import re
from dataclasses import dataclass
from typing import Final, final

from hookflash.sdk import Secret

__all__ = ["WebchatConfig"]

_SECRET_LENGTH_MIN: Final = 16
_ORIGIN: Final = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::[0-9]{1,5})?")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WebchatConfig:
    """Who may come in, and the limits.

    `secret` signs customers' tokens, `secret_before` is one that is still taken while pages change to a new one.
    `origins` are the pages that may open a chat, as browsers name them, parted by spaces; `is_app_allowed`: also what
    names no page, as an app does. `commands_per_s` and `command_burst` bound what one customer may do,
    `sockets_per_customer_max` and `sockets_max` how many connections there are, `frames_kept` how many frames of a
    customer are kept for his next visit.
    """

    secret: Secret
    secret_before: Secret | None = None
    origins: str = ""
    is_app_allowed: bool = False
    commands_per_s: float = 5.0
    command_burst: int = 20
    sockets_per_customer_max: int = 8
    sockets_max: int = 5_000
    frames_kept: int = 200

    def __post_init__(self) -> None:
        """Refuse what would let nobody in, or anybody."""
        for origin in self.pages:
            if _ORIGIN.fullmatch(origin) is None:
                raise ValueError(f"setting 'origins' has {origin!r}, which is none: write https://shop.example")
        if not self.pages and not self.is_app_allowed:
            raise ValueError("setting 'origins' is empty and 'is_app_allowed' is false: nobody could come in")
        bounds = (self.command_burst, self.sockets_per_customer_max, self.sockets_max, self.frames_kept)
        if self.commands_per_s <= 0 or min(bounds) < 1:
            raise ValueError("limits must be above 0")
        for secret in (self.secret, self.secret_before):
            if secret is not None and len(secret.reveal()) < _SECRET_LENGTH_MIN:
                raise ValueError(f"a secret that signs tokens has at least {_SECRET_LENGTH_MIN} characters")

    @property
    def pages(self) -> tuple[str, ...]:
        """The origins, one by one."""
        return tuple(self.origins.lower().split())

    @property
    def signers(self) -> tuple[Secret, ...]:
        """The secrets whose tokens are taken."""
        return (self.secret,) if self.secret_before is None else (self.secret, self.secret_before)

    def admits(self, origin: str | None) -> bool:
        """Whether something that names this origin (None: nothing) may come in."""
        return self.is_app_allowed if origin is None else origin.lower() in self.pages

"""What is wrong with a channel that is served all the same, in words for admins.

An error's own words are shown where its class promises that they hold no secret; of any other only the class is.
"""

from hookflash.engine.domain.struct import Struct
from hookflash.sdk.errors import ConfigError, ParseError, SendError

from .contents import clean_reason

__all__ = ["Trouble", "told"]


class Trouble(Struct, frozen=True, kw_only=True):
    """What fails, without a full stop, and since when it does."""

    words: str
    since: float


def told(error: BaseException) -> str:
    """What an admin is told of an error that an adapter raised; never empty."""
    name = type(error).__name__
    if not isinstance(error, ConfigError | ParseError | SendError | TimeoutError):
        return name
    try:
        return clean_reason(str(error)).strip() or name
    except Exception:  # noqa: BLE001  an error that cannot even say what it is
        return name

"""The moody strategy once more, as one of the engine's own: asked in the turn itself."""

from typing import ClassVar, final

from hookflash.sdk.hooks import hookimpl
from hookflash.sdk.registry import Registry

from .plugin import Moody

__all__ = ["SDK_API", "Whimsical", "hookflash_register"]

SDK_API = ">=1.0,<2"


@final
class Whimsical(Moody):
    """As moody as the other."""

    name: ClassVar[str] = "whimsical"


@hookimpl
def hookflash_register(registry: Registry) -> None:
    registry.strategy(Whimsical)

"""`hookflash doctor`: whether a data directory is whole, and whether what the engine promises was kept in it."""

from .command import doctor

__all__ = ["doctor"]

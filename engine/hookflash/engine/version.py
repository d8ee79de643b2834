"""Which hookflash this is."""

from importlib.metadata import PackageNotFoundError, version

__all__ = ["engine_version"]


def engine_version() -> str:
    """The installed distribution's version; `unknown` in a bare checkout."""
    try:
        return version("hookflash")
    except PackageNotFoundError:
        return "unknown"

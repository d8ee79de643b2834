"""Warnings about the views. They are rare, so what writes them is loaded with the first.

The process that keeps the views has no other log, and is started with every server.
"""

__all__ = ["warn"]


def warn(event: str, **about: object) -> None:
    """Write a line into the log."""
    from structlog import get_logger  # noqa: PLC0415  as is said above

    get_logger(__name__).warning(event, **about)

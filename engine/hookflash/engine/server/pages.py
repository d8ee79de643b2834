"""Pages of what is listed by id: a token is the last id of its page, so pages neither shift nor repeat."""

from collections.abc import Mapping
from typing import TypeVar

from hookflash.engine.domain.text import check_id

__all__ = ["page_of"]

K = TypeVar("K", bound=str)
T = TypeVar("T")


def page_of(entries: Mapping[K, T], token: str, size: int) -> tuple[list[T], str]:
    """The page after that token, by id, and the token of the next one; empty where there is none."""
    after = check_id("page_token", token) if token else ""
    ids = sorted(identifier for identifier in entries if identifier > after)
    return [entries[identifier] for identifier in ids[:size]], ids[size - 1] if len(ids) > size else ""

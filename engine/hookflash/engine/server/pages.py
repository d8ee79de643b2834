"""Pages of what is listed by id: a token is the last id of its page, so pages neither shift nor repeat."""

from collections.abc import Mapping
from typing import TypeVar

from hookflash.engine.domain.refusals import BadField, BadId
from hookflash.engine.domain.text import check_id

__all__ = ["check_token", "page_of"]

K = TypeVar("K", bound=str)
T = TypeVar("T")


def check_token(token: str) -> str:
    """Return the id that a token is. Raises BadField."""
    try:
        return check_id("page_token", token)
    except BadId:
        raise BadField("page_token", "is no token of this list; take `next_page_token` as it came") from None


def page_of(entries: Mapping[K, T], token: str, size: int) -> tuple[list[T], str]:
    """The page after that token, by id, and the token of the next one; empty where there is none. Raises BadField."""
    after = check_token(token) if token else ""
    ids = sorted(identifier for identifier in entries if identifier > after)
    return [entries[identifier] for identifier in ids[:size]], ids[size - 1] if len(ids) > size else ""

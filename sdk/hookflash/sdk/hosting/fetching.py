"""A customer's medium, fetched through its adapter: with a limit to its size, a time for it, and a few tries."""

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, final

from hookflash.sdk.channel import ChannelAdapter, MediaRef
from hookflash.sdk.errors import SendError, Transient

from .patience import Alarms, sleep, within

__all__ = ["FetchRules", "fetched"]

_RETRY_S: Final = 2.0


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRules:
    """At most so many bytes, so often tried, so many seconds each time."""

    size_max: int
    tries: int
    timeout_s: float


class _TooLargeError(Exception):
    """The medium has more bytes than are taken."""


async def fetched(
    adapter: ChannelAdapter,
    ref: MediaRef,
    rules: FetchRules,
    clock: Alarms,
    *,
    on_fault: Callable[[str, str, str], None],
    on_missed: Callable[[str], None],
) -> bytes | None:
    """Give the bytes of a medium; None where they cannot be had, and `on_missed` is told why, each time."""
    for attempt in range(1, rules.tries + 1):
        try:
            return await within(clock, rules.timeout_s, lambda: _read(adapter, ref, rules.size_max))
        except _TooLargeError:
            on_missed(f"larger than {rules.size_max:,} bytes")
            return None
        except (Transient, TimeoutError) as error:
            on_missed(type(error).__name__)
            if attempt < rules.tries:
                await sleep(clock, _RETRY_S * attempt)
        except SendError as error:
            on_missed(type(error).__name__)
            return None
        except Exception as error:  # noqa: BLE001  whatever an adapter raises has an answer
            on_fault("fetch_media", type(error).__name__, "showed the message without it")
            return None
    return None


async def _read(adapter: ChannelAdapter, ref: MediaRef, size_max: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    async with aclosing(adapter.fetch_media(ref)) as pouring:  # type: ignore[type-var]  # may be any iterator
        async for piece in pouring:
            if type(piece) is not bytes:
                raise TypeError("a medium is brought in pieces of bytes")
            size += len(piece)
            if size > size_max:
                raise _TooLargeError
            pieces.append(piece)
    return b"".join(pieces)

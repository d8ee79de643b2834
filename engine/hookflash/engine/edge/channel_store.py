"""A channel's small durable memory: what an adapter is given as `context.store`."""

from typing import Final, final

from hookflash.sdk.types import ChannelId

from .inbox_file import InboxFile

__all__ = ["FileStore"]

_KEY_LENGTH_MAX: Final = 200
_VALUE_BYTES_MAX: Final = 64 * 1024
_KEYS_MAX: Final = 10_000


@final
class FileStore:
    """A ChannelStore in the inbox's file."""

    def __init__(self, file: InboxFile, channel: ChannelId) -> None:
        """Keep what belongs to that channel."""
        self._file = file
        self._channel = channel

    async def get(self, key: str) -> str | None:
        """Give what was put under the key."""
        return await self._file.get(self._channel, key)

    async def put(self, key: str, value: str) -> None:
        """Keep a value, durably. Raises ValueError for what is too large or too much."""
        if not 0 < len(key) <= _KEY_LENGTH_MAX:
            raise ValueError(f"a key has 1 to {_KEY_LENGTH_MAX} characters, not {len(key)}")
        if len(value.encode()) > _VALUE_BYTES_MAX:
            raise ValueError(f"the value of {key} has more than {_VALUE_BYTES_MAX:,} bytes")
        if not await self._file.put(self._channel, key, value, keys_max=_KEYS_MAX):
            raise ValueError(f"a channel keeps {_KEYS_MAX:,} keys at most: delete some before {key} is put")

    async def delete(self, key: str) -> None:
        """Forget a key."""
        await self._file.delete(self._channel, key)

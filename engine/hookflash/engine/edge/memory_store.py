"""A channel's small memory that lasts as long as the process."""

__all__ = ["MemoryStore"]


class MemoryStore:
    """A ChannelStore in a dictionary."""

    def __init__(self) -> None:
        """Begin empty."""
        self._values: dict[str, str] = {}

    async def get(self, key: str) -> str | None:
        """Give what was put under the key."""
        return self._values.get(key)

    async def put(self, key: str, value: str) -> None:
        """Keep a value."""
        self._values[key] = value

    async def delete(self, key: str) -> None:
        """Forget a key."""
        self._values.pop(key, None)

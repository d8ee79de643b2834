"""What happened, as lines a person can read, and as one hash: two runs with one hash were the same run."""

from collections import Counter
from hashlib import blake2b

__all__ = ["Story"]


class Story:
    """The lines of one seed. They are kept only when somebody wants to read them; the hash counts every one."""

    def __init__(self, *, is_kept: bool) -> None:
        self.is_kept = is_kept
        self.lines: list[str] = []
        self.counts: Counter[str] = Counter()
        self._hash = blake2b(digest_size=16)

    def tell(self, at: float, who: str, what: str) -> None:
        """Add a line: seconds since the beginning, who, what."""
        line = f"{at:10.4f}  {who:<14} {what}"
        self._hash.update(line.encode(errors="surrogatepass"))
        if self.is_kept:
            self.lines.append(line)

    def count(self, what: str, by: int = 1) -> None:
        """Count something for the table at the end."""
        self.counts[what] += by

    @property
    def hash(self) -> str:
        """The trace hash so far."""
        return self._hash.hexdigest()

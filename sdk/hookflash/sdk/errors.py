"""What may go wrong between the engine and a channel's provider, one class per answer the engine has to it.

An adapter's `send` raises subclasses of `SendError` only; the engine's retry rules go by the class, never by the text.
"""

from typing import Literal

__all__ = [
    "AuthExpired",
    "BadSignature",
    "Blocked",
    "ConfigError",
    "NotTaken",
    "ParseError",
    "Permanent",
    "SendError",
    "Throttled",
    "Transient",
    "WindowClosed",
]


class ConfigError(ValueError):
    """Settings that do not fit a Config class; `problems` are sentences, none of which holds a secret's value."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        """Keep the sentences; the error reads as all of them."""
        super().__init__("; ".join(problems))
        self.problems = problems


class BadSignature(Exception):  # noqa: N818 - the name is the SDK's word for it
    """A request that the provider did not sign: absent (answered 401) or wrong (answered 403)."""

    def __init__(self, *, is_absent: bool) -> None:
        """Say which of the two it was; the request's body stays out of it."""
        super().__init__("the request has no signature" if is_absent else "the request's signature is wrong")
        self.is_absent = is_absent


class ParseError(ValueError):
    """What came in cannot be read as anything of this channel; it is kept raw, answered and reported."""


class NotTaken(Exception):  # noqa: N818 - the name is the SDK's word for it
    """An arrival that the engine does not take: `reason` is the refusal's stable word, such as RATE_LIMITED.

    With `retry_after_s` it may be brought again after so many seconds; without, never.
    """

    def __init__(self, reason: str, retry_after_s: float | None = None) -> None:
        """Keep the word and the delay."""
        super().__init__(reason)
        self.reason = reason
        self.retry_after_s = retry_after_s


class SendError(Exception):
    """A delivery that was not taken; the subclass says what the engine does next."""


class Throttled(SendError):  # noqa: N818 - the name is the SDK's word for it
    """Too fast: this address, or the whole account, is held for `retry_after_s` seconds."""

    def __init__(self, retry_after_s: float, scope: Literal["address", "account"] = "address") -> None:
        """Take the provider's delay in seconds and what it applies to."""
        super().__init__(f"throttled: the {scope} may send again in {retry_after_s:g} s")
        self.retry_after_s = retry_after_s
        self.scope = scope


class Transient(SendError):  # noqa: N818 - the name is the SDK's word for it
    """Failed for now (timeout, reset, HTTP 5xx): tried again with back-off under the same key."""


class Permanent(SendError):  # noqa: N818 - the name is the SDK's word for it
    """Will never be taken: the delivery becomes FAILED on the timeline and later ones go on."""

    def __init__(self, code: str, text: str, *, is_alarming: bool = False) -> None:
        """Take the provider's own code and words; `is_alarming`: an admin has to see to it, the customer is not it."""
        super().__init__(f"{text} ({code})")
        self.code = code
        self.text = text
        self.is_alarming = is_alarming


class WindowClosed(SendError):  # noqa: N818 - the name is the SDK's word for it
    """The provider's reply window is over; only the customer's next message opens it again."""


class Blocked(SendError):  # noqa: N818 - the name is the SDK's word for it
    """The customer refuses us; treated as permanent for this address."""


class AuthExpired(SendError):  # noqa: N818 - the name is the SDK's word for it
    """Our credential is no longer taken: the channel pauses and the admin is told once."""

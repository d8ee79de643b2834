"""Refusals by what a customer's channel carries: told to the agent before anything is stored.

Import them from `refusals.py`.
"""

from hookflash.engine.domain.refusal_table import Reason, Refusal, shown


class ContentNotSupported(Refusal):
    """The channel cannot carry what the agent wants to say, and nothing can stand for it."""

    reason = Reason.CONTENT_NOT_SUPPORTED

    def __init__(self, content: str, channel: str) -> None:
        """Take the sort of content and the channel."""
        super().__init__(
            f"channels/{shown(channel)} carries no {content}; say it in another way.",
            metadata={"content": content, "channel": f"channels/{channel}"},
        )


class WindowClosed(Refusal):
    """The customer wrote too long ago: until he writes again, his channel takes approved templates only."""

    reason = Reason.WINDOW_CLOSED

    def __init__(self, channel: str, window_s: float) -> None:
        """Take the channel and how long its window is, in seconds."""
        super().__init__(
            f"The customer last wrote more than {window_s / 3600:g} h ago, and channels/{shown(channel)} carries no"
            " answer after that; send a template, or wait until he writes again.",
            metadata={"channel": f"channels/{channel}"},
        )

"""What keeps an engine or one of its servers from starting."""

__all__ = ["StartError"]


class StartError(Exception):
    """It cannot start; the message is a sentence for people that says what to do."""

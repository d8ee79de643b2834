"""`Registry.filter`: what agents write to customers is not in capitals. Idempotent: what it made passes again."""

from typing import ClassVar

from hookflash.sdk import FilterContext, Passed, Redacted, Registry, hookimpl
from hookflash.sdk.filters import Filtered

SDK_API = ">=1.0,<2"


class NoShouting:
    """Longer texts in capitals only are put into small letters."""

    name: ClassVar[str] = "no_shouting"

    def apply(self, text: str, context: FilterContext) -> Filtered:  # noqa: ARG002 - the same at every stage
        """Redact, or pass."""
        return Redacted(text.capitalize()) if len(text) > len("OK, BYE") and text.isupper() else Passed()


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the filter for the way out."""
    registry.filter(NoShouting(), stage="outbound")

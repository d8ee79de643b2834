"""What the engine's values are made of: `Struct`, and `changed`, one like another but for some fields.

A value is declared `class Offer(Struct, frozen=True, kw_only=True)`. It is what a frozen, slotted dataclass is, at a
tenth of the cost: to define, to make and to write. What plugins see are dataclasses, by the SDK's promise.
"""

from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    # Type checkers know this `replace` and check each field's name and type; they see the other as one that takes all.
    from dataclasses import replace as changed
else:
    from msgspec.structs import replace as changed

__all__ = ["Struct", "changed", "field"]

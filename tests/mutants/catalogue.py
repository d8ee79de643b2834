"""All defects that can be planted, each under a name of its own."""

from .defects_authority import AUTHORITY
from .defects_decisions import DECISIONS
from .defects_deliveries import DELIVERIES
from .defects_durability import DURABILITY
from .defects_matching import MATCHING
from .defects_privacy import PRIVACY
from .defects_recovery import RECOVERY
from .defects_searches import SEARCHES
from .defects_slots import SLOTS

__all__ = ["DEFECTS"]

DEFECTS = (*DURABILITY, *RECOVERY, *SEARCHES, *SLOTS, *MATCHING, *DECISIONS, *DELIVERIES, *PRIVACY, *AUTHORITY)

"""`hookflash plugin check`: run a plugin's contract tests, weigh how they ended, and say it."""

from .examination import examine
from .report import show

__all__ = ["examine", "show"]

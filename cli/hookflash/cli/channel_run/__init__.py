"""`hookflash channel run`: an adapter in a process of its own, against an engine over ChannelService.

The same contract as inside the engine: arrivals are acknowledged when the engine has them, deliveries come at least
once and in order, an error's class says what happens next, and what the adapter does wrong is contained.
"""

from .adapters import adapter_of, installed_kinds
from .runner import Place, Runner

__all__ = ["Place", "Runner", "adapter_of", "installed_kinds"]

"""All that the engine asks plugins outside a cascade, under one guard: filters, policy hooks, hours, and settings."""

from collections.abc import Callable
from typing import Self, final

from hookflash.engine.domain.limits import Limits
from hookflash.engine.domain.struct import Struct
from hookflash.engine.plugins.host import PluginHost
from hookflash.engine.plugins.isolated_settings import IsolatedSettings
from hookflash.engine.plugins.opening_hours import OpeningHours
from hookflash.engine.plugins.policy_hooks import PolicyHooks
from hookflash.engine.plugins.text_filters import TextFilters
from hookflash.sdk.hosting.calls import PureCalls, WakeAt

__all__ = ["Questions"]


@final
class Questions(Struct, frozen=True, kw_only=True):
    """The four sorts of questions."""

    filters: TextFilters
    hooks: PolicyHooks
    hours: OpeningHours
    isolated: IsolatedSettings

    @classmethod
    def to(cls, plugins: PluginHost, limits: Limits, now: Callable[[], float], wake_at: WakeAt) -> Self:
        """Those that these plugins can be asked; `now` and `wake_at` are the engine's clock."""

        def calls_of(plugin: str, what: str) -> PureCalls:
            return plugins.pure_calls(plugin, what, wake_at)

        return cls(
            filters=TextFilters(plugins.filters, calls_of, limits),
            hooks=PolicyHooks(plugins.implementations, calls_of),
            hours=OpeningHours(plugins.calendars, calls_of, now, wake_at),
            isolated=IsolatedSettings(plugins.strategy, plugins.isolated_adapters, calls_of),
        )

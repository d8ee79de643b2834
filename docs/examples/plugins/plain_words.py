"""`Registry.texts`: notices in other words. The keys are in the reference of notices; braces stay as they are there."""

from hookflash.sdk import Registry, hookimpl

SDK_API = ">=1.0,<2"


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register texts for Austria; what is not here is looked up under `de`, then in the engine's own."""
    registry.texts("de-AT", {"join.others.joined": "Servus, {agent_name} ist da"})

"""`hookflash_register`: everything a plugin brings is registered here, once, while it is loaded.

`[plugins.say_hello_first]` in hookflash.toml may hold `greeting`.
"""

from dataclasses import dataclass

from hookflash.sdk import Registry, hookimpl

SDK_API = ">=1.0,<2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """`greeting` is what a customer reads when somebody joins."""

    greeting: str = "{agent_name} is here for you"


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Bring one text, made of the plugin's own settings."""
    config = registry.config(Config)
    registry.texts("en", {"join.others.joined": config.greeting})

"""What plugin authors import: hooks, value types and contracts of hookflash.

The caller's client is `hookflash.sdk.client`, the test contracts are `hookflash.sdk.testing`; neither is imported from
here: one needs gRPC, the other is for tests. A text filter's own `Blocked` is in `hookflash.sdk.filters`: here the word
means the send error.

It is loaded with the first name that is asked for: who wants a module of the SDK only, such as a client, waits for no
other.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hookflash.sdk.authoring import *  # noqa: F403  it says what it gives
else:

    def __getattr__(name: str) -> object:
        authoring = import_module("hookflash.sdk.authoring")
        try:
            found = globals()[name] = getattr(authoring, name)
        except AttributeError:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name) from None
        return found

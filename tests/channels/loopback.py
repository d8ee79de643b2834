"""The server that fakes answer through; it lives in the contract kit, for authors of plugins too."""

from hookflash.sdk.testing.fakes.loopback import Loopback, loopback

__all__ = ["Loopback", "loopback"]

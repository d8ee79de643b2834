"""WhatsApp, Messenger and Instagram keep the contract of every webhook adapter, as `hookflash plugin check` runs it."""

from hookflash.plugins.messenger.contract import TestInstagram, TestMessenger
from hookflash.plugins.whatsapp.contract import TestWhatsApp

__all__ = ["TestInstagram", "TestMessenger", "TestWhatsApp"]

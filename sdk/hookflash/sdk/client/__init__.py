"""What programs call hookflash with: a client for asyncio, one for threads, and an exception class for each reason.

Importing this package imports gRPC and protobuf; `hookflash.sdk` itself does not.
"""

from hookflash.sdk.client import errors, messages
from hookflash.sdk.client.blocking import SyncClient
from hookflash.sdk.client.client import Client
from hookflash.sdk.client.connection import DEADLINE_S, Tls
from hookflash.sdk.client.errors import HookflashError, TimedOut, Unreachable
from hookflash.sdk.client.resuming import Backoff, Interruption

__all__ = [
    "DEADLINE_S",
    "Backoff",
    "Client",
    "HookflashError",
    "Interruption",
    "SyncClient",
    "TimedOut",
    "Tls",
    "Unreachable",
    "errors",
    "messages",
]

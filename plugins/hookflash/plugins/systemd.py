"""Tells systemd when the engine is up and when it stops, so that a unit of `Type=notify` is ready when hookflash is.

Nothing happens where there is no NOTIFY_SOCKET in the environment. What is sent is of sd_notify(3): READY, STOPPING and
a STATUS for `systemctl status`. The engine has recovered then; its port opens a moment later.
"""

import os
import socket

from hookflash.sdk import EngineFacts, hookimpl

__all__ = ["SDK_API", "hookflash_engine_started", "hookflash_engine_stopping"]

SDK_API = ">=1.0,<2"

VARIABLE = "NOTIFY_SOCKET"


@hookimpl
def hookflash_engine_started(engine: EngineFacts) -> None:
    """Say that the engine is ready; raises OSError where systemd cannot be told."""
    _notify(f"READY=1\nSTATUS=hookflash {engine.version}, {len(engine.channels)} channels")


@hookimpl
def hookflash_engine_stopping(reason: str) -> None:
    """Say that it stops; raises OSError where systemd cannot be told."""
    _notify(f"STOPPING=1\nSTATUS=stopping: {reason}")


def _notify(state: str) -> None:
    place = os.environ.get(VARIABLE, "")
    if not place:
        return
    # A leading @ stands for the NUL of an abstract address.
    address = f"\0{place[1:]}" if place.startswith("@") else place
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notify:
        notify.sendto(state.encode(), address)

"""A front in a process of its own: `python -m hookflash.engine.front.process DESCRIPTOR`, that of its socket.

It ends with its engine, however that ends: at once, so that the next one finds the address free.
"""

import ctypes
import gc
import os
import signal
import socket
import sys
from typing import Final

from hookflash.engine.front.front import Front

__all__: list[str] = []

_PR_SET_PDEATHSIG: Final = 1


def _main(descriptor: int) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # Meant for the engine, which drains us.
    if sys.platform == "linux":
        # The end of the socket says it too, but only to a thread that gets to run.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    gc.freeze()
    Front(socket.socket(fileno=descriptor), left=lambda: os._exit(0)).run()


if __name__ == "__main__":
    _main(int(sys.argv[1]))

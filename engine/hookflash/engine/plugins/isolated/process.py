"""The engine's end of a plugin's process: it asks within the budget, and ends a child that gives no answer.

A child is asked one question at a time, from the plugin's own thread. After a failure it is started again at once,
after further ones in a while; meanwhile the plugin is not asked, which is no fault of it.
"""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from threading import Lock
from time import monotonic
from typing import Final, final

import msgspec
import structlog

from hookflash.engine.plugins.isolated import frames
from hookflash.sdk.hosting.asking import BUDGET_S, NotAskedError

__all__ = ["ChildFailedError", "PluginProcess"]

STARTING_S: Final = 30.0
BACKOFF_S: Final = 0.5
BACKOFF_MAX_S: Final = 60.0
ANSWER_S: Final = BUDGET_S * 0.9
"""How long a child has for an answer: it must be read, and a child without one ended, within the budget."""
_FRAME_S: Final = 1.0
_REAP_S: Final = 5.0
_MODULE: Final = "hookflash.engine.plugins.isolated.child"

_log = structlog.get_logger("hookflash.plugins")


class ChildFailedError(Exception):
    """The child gave no answer: it was killed, ended by itself, or says what cannot be read."""


@final
class PluginProcess:
    """One plugin's process; everything but `stop` is for one thread at a time."""

    def __init__(self, begin: frames.Begin) -> None:
        """Start nothing yet."""
        self._begin = frames.encode(begin)
        self._name = begin.name
        self._lock = Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._is_ready = self._is_stopped = False
        self._started_at = self._again_at = 0.0
        self._failures = 0

    def load(self) -> frames.Report:
        """Start the child and hear what it has. Raises ChildFailedError."""
        try:
            self._start()
            return self._hear(self._started_at + STARTING_S)
        except TimeoutError as error:
            raise self._failed(f"it did not start within {STARTING_S:g} s") from error
        except (frames.PipeBrokenError, msgspec.MsgspecError, OSError) as error:
            raise self._failed("it ended while it was starting") from error

    def ask(self, question: frames.Question) -> frames.Answer:
        """Ask, within the budget. Raises ChildFailedError, and NotAskedError while the child is being started again."""
        until = monotonic() + ANSWER_S
        self._see_to_it(until)
        questions, answers = self._pipes()
        try:
            frames.write_frame(questions, frames.encode(question), until)
            answer: frames.Answer = frames.decode_answer(frames.read_frame(answers, until))
        except TimeoutError as error:
            raise self._failed(f"no answer within {BUDGET_S:g} s") from error
        except (frames.PipeBrokenError, msgspec.MsgspecError) as error:
            raise self._failed("it gave no answer that can be read") from error
        self._failures = 0
        return answer

    def stop(self) -> None:
        """End the child; from any thread."""
        with self._lock:
            self._is_stopped = True
        self._end()

    def _see_to_it(self, until: float) -> None:
        """See to it that there is a child that has loaded the plugin. Raises NotAskedError."""
        if self._child is None:
            if monotonic() < self._again_at:
                raise NotAskedError(f"its process is started again in {self._again_at - monotonic():.1f} s")
            self._start()
        if self._is_ready:
            return
        try:
            self._hear(until)
        except TimeoutError as error:
            if monotonic() - self._started_at > STARTING_S:
                raise self._failed(f"it did not start within {STARTING_S:g} s") from error
            raise NotAskedError("its process is being started") from error
        except (frames.PipeBrokenError, msgspec.MsgspecError) as error:
            raise self._failed("it ended while it was starting") from error

    def _start(self) -> None:
        with self._lock:
            if self._is_stopped:
                raise NotAskedError("the engine stops")
            # A new interpreter, never a fork: neither gRPC nor a lock of ours lives through one.
            self._child = subprocess.Popen(  # noqa: S603 - this interpreter, and a module of ours
                [sys.executable, "-m", _MODULE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
            )
        self._is_ready = False
        self._started_at = monotonic()
        for descriptor in self._pipes():
            os.set_blocking(descriptor, False)
        frames.write_frame(self._pipes()[0], self._begin, self._started_at + STARTING_S)

    def _hear(self, until: float) -> frames.Report:
        answers = self._pipes()[1]
        frames.wait_for_frame(answers, until)
        # Begun, it is read to its end: half of it would leave the pipe in the middle of a frame.
        report = frames.decode_report(frames.read_frame(answers, monotonic() + _FRAME_S))
        self._is_ready = True
        return report

    def _pipes(self) -> tuple[int, int]:
        child = self._child
        if child is None or child.stdin is None or child.stdout is None:
            raise frames.PipeBrokenError("there is no child")
        return child.stdin.fileno(), child.stdout.fileno()

    def _failed(self, why: str) -> ChildFailedError:
        """End the child, and start it again at once where it is the first time."""
        ended = self._end()
        self._failures += 1
        if self._failures > 1:
            self._again_at = monotonic() + min(BACKOFF_S * 2.0 ** min(self._failures - 2, 20), BACKOFF_MAX_S)
        else:
            with suppress(NotAskedError, frames.PipeBrokenError, OSError):
                self._start()
        _log.warning("plugin_process_ended", plugin=self._name, reason=why, ended=ended, failures=self._failures)
        return ChildFailedError(f"{why}; its process {ended}")

    def _end(self) -> str:
        """Kill the child; in words, how it had ended."""
        with self._lock:
            child, self._child, self._is_ready = self._child, None, False
        if child is None:
            return "was gone"
        # One that ends by itself has closed its pipe a moment before it is gone: its own end tells more than our kill.
        with suppress(subprocess.TimeoutExpired):
            child.wait(0.01)
        code = child.poll()
        child.kill()
        with suppress(subprocess.TimeoutExpired):
            child.wait(_REAP_S)
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        if code is None:
            return "was killed"
        return f"died of {signal.Signals(-code).name}" if code < 0 else f"exited with {code}"

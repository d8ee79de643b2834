"""Named places at which a test may make the engine fail: the same in tests, in the simulation and in a real process.

A failpoint is nothing unless somebody switched it on: code of a test (`switch_on`), or the environment of a process
(`HOOKFLASH_FAILPOINTS="journal.after_sync=kill"`, the fourth hit with `=kill:4`; several are separated by commas).
"""

import os
import signal
from collections.abc import Callable, Mapping
from typing import NoReturn

__all__ = ["ENVIRONMENT", "JOURNAL_AFTER_APPEND", "JOURNAL_AFTER_SYNC", "JOURNAL_BEFORE_APPEND", "NAMES", "Failpoints"]

ENVIRONMENT = "HOOKFLASH_FAILPOINTS"
"""The environment variable that switches failpoints on."""

JOURNAL_BEFORE_APPEND = "journal.before_append"
JOURNAL_AFTER_APPEND = "journal.after_append_before_sync"
JOURNAL_AFTER_SYNC = "journal.after_sync"

NAMES: Mapping[str, str] = {
    JOURNAL_BEFORE_APPEND: "the group was handed to the journal, nothing of it is written",
    JOURNAL_AFTER_APPEND: "the group is in the journal's open transaction, not committed",
    JOURNAL_AFTER_SYNC: "the group is durable, and nobody was told",
}
"""Every failpoint, and what is true when it is hit."""

Action = Callable[[], object]


def _exit() -> NoReturn:
    """End the process as a crash of the interpreter does: no clean-up, no exit handlers."""
    os._exit(70)


def _kill() -> None:
    """End the process as `kill -9` does."""
    os.kill(os.getpid(), signal.SIGKILL)


_ACTIONS: Mapping[str, Action] = {"exit": _exit, "kill": _kill}


class Failpoints:
    """The failpoints of one engine, with what each does when it is hit; all are off at first."""

    __slots__ = ("_actions",)

    def __init__(self) -> None:
        self._actions: dict[str, Action] = {}

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Failpoints":
        """The failpoints that `HOOKFLASH_FAILPOINTS` switches on.

        Raises:
            ValueError: with a sentence, where a name or an action is unknown: a crash test that never crashes is worse.
        """
        failpoints = cls()
        for entry in filter(None, environment.get(ENVIRONMENT, "").split(",")):
            name, _, act = entry.strip().partition("=")
            act, _, hits = act.partition(":")
            if act not in _ACTIONS or not (hits or "1").isdigit():
                raise ValueError(
                    f"{ENVIRONMENT} has '{entry}', which is not NAME=ACTION or NAME=ACTION:HIT; "
                    f"an action is one of {', '.join(_ACTIONS)}."
                )
            failpoints.switch_on(name, _ACTIONS[act], at_hit=int(hits or "1"))
        return failpoints

    def switch_on(self, name: str, action: Action, *, at_hit: int = 1) -> None:
        """Let `action` run whenever `name` is hit, from hit number `at_hit` on; what it raises goes to the caller.

        Raises:
            ValueError: no failpoint has that name.
        """
        if name not in NAMES:
            raise ValueError(f"There is no failpoint '{name}'; there are {', '.join(NAMES)}.")
        left = at_hit

        def countdown() -> None:
            nonlocal left
            left -= 1
            if left <= 0:
                action()

        self._actions[name] = countdown

    def switch_off(self, name: str) -> None:
        """Let `name` be nothing again."""
        self._actions.pop(name, None)

    def hit(self, name: str) -> None:
        """Pass the place called `name`."""
        if self._actions and (action := self._actions.get(name)) is not None:
            action()

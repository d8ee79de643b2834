"""What every test shares: the way hypothesis runs, the order, how Ctrl-C is heard, and what the collector leaves alone.

Deadlines of single examples are off: a busy machine would turn them into chance.
"""

import gc
import os
import signal
from collections import Counter

import pytest
from hypothesis import settings

settings.register_profile("default", deadline=None, print_blob=True)
settings.register_profile("thorough", parent=settings.get_profile("default"), max_examples=1_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

# Who was started in the background of a script ignores Ctrl-C, and so would every process that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

gc.disable()  # until everything is collected


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Modules with slow tests first, those of few tests last: one process must not be left alone with much to do."""
    size = Counter(item.path for item in items)
    items.sort(key=lambda item: (item.get_closest_marker("slow") is None, -size[item.path]))


def pytest_collection_finish() -> None:
    """What was loaded is here to stay: the collector need not look at it again during every test."""
    gc.collect()
    gc.freeze()
    gc.enable()

"""What the plugin tests share: a folder to write plugins into."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugins.written import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    made = Folder(tmp_path)
    yield made
    for host in made.hosts:
        host.stop(timeout_s=1.0)

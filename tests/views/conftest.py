"""Views in a temporary file, and a way to fill them as a running engine does."""

from collections.abc import Callable, Iterator

import pytest

from hookflash.engine.views.projector import Projector
from hookflash.engine.views.reads import Reads
from hookflash.engine.views.store import Views
from tests.views.story import Story

Project = Callable[[Story], Reads]


@pytest.fixture
def views() -> Iterator[Views]:
    opened = Views.open(None)
    yield opened
    opened.close()


@pytest.fixture
def project(views: Views) -> Project:
    def projected(story: Story) -> Reads:
        projector = Projector(views, gather_s=0.0)
        projector.feed(story.projections)
        projector.stop()
        return Reads(views)

    return projected

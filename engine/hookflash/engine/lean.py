"""What a start does without. Imported first by whoever starts an engine.

rich is loaded by structlog, to colour tracebacks, and by httpx, for a command of its own. Nothing here uses either, and
loading it takes longer than loading both.
"""

import sys

__all__: list[str] = []

if "rich" not in sys.modules:
    sys.modules["rich"] = None  # type: ignore[assignment]  # so an import says that there is none
    import httpx as _httpx  # noqa: F401  what is imported here is there for all
    import structlog as _structlog  # noqa: F401

    del sys.modules["rich"]

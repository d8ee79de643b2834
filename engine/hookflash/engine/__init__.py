"""The engine: deciders, actors, journal, views, edges and server of hookflash."""

import sys

# structlog loads rich where there is one, to colour tracebacks, which nothing here writes: a quarter of what the views'
# process needs to start. (The process of the engine gets it all the same, from httpx.)
if "structlog" not in sys.modules and "rich" not in sys.modules:
    sys.modules["rich"] = None  # type: ignore[assignment]  # so an import says that there is none
    import structlog as _structlog  # noqa: F401  what is imported here is there for all

    del sys.modules["rich"]

"""The HTTP edge of one engine: started when the engine has recovered, drained before it stops."""

from typing import final

from hookflash.engine.edge.adapter_host import AdapterHost
from hookflash.engine.settings import HttpSettings

from .downloads import Downloads
from .listener import HttpListener
from .site import make_site

__all__ = ["HttpEdge"]


@final
class HttpEdge:
    """Serves the channels that run; `url` is where, once it has started."""

    def __init__(self, settings: HttpSettings, host: AdapterHost, *, body_bytes_max: int) -> None:
        """Take nothing yet."""
        self.url = ""
        downloads = Downloads(host.media, settings.media_url)
        self._listener = HttpListener(settings, make_site(host, downloads, body_bytes_max=body_bytes_max))

    async def start(self) -> None:
        """Take the port and serve. Raises StartError."""
        self.url = await self._listener.start()

    async def stop(self) -> None:
        """Take nothing more and let what is at work finish."""
        await self._listener.stop()

"""What is served over HTTP, path by path, as one ASGI application.

A channel is looked up at every request, so what is applied, stopped or deleted meanwhile is at once what is served. No
error of an adapter or of ours reaches a caller as anything but a bare status.
"""

from typing import Final

import structlog
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from hookflash.engine.edge.adapter_host import AdapterHost
from hookflash.engine.edge.adapter_run import AdapterRun
from hookflash.sdk.channel import HttpRequest
from hookflash.sdk.hosting.requests import BodyTooLargeError, BodyTooSlowError, read_body, request_of, response_of
from hookflash.sdk.types import ChannelId

from .applications import Applications
from .downloads import Downloads

__all__ = ["make_site"]

_RETRY_S: Final = 5

_log = structlog.get_logger(__name__)


def make_site(host: AdapterHost, downloads: Downloads, *, body_bytes_max: int) -> Starlette:
    """The application that serves these channels and media."""

    async def webhook(request: Request) -> Response:
        channel = ChannelId(request.path_params["channel"])
        run = host.run_of(channel)
        if run is None:
            return _absent(host, channel)
        try:
            body = await read_body(request.receive, request.headers, body_bytes_max)
        except BodyTooLargeError:
            return Response(status_code=413)
        except BodyTooSlowError:
            return Response(status_code=408, headers={"connection": "close"})
        except ClientDisconnect:
            return Response(status_code=400)
        return await _answered(run, request_of(request, body))

    return Starlette(
        routes=[
            Route("/media/{place}", downloads.serve, methods=["GET"]),
            Mount("/channels/{channel}/app", app=Applications(host, body_bytes_max=body_bytes_max)),
            Route("/channels/{channel}", webhook, methods=["GET", "POST"]),
            Route("/channels/{channel}/{rest:path}", webhook, methods=["GET", "POST"]),
        ]
    )


async def _answered(run: AdapterRun, request: HttpRequest) -> Response:
    try:
        answer = await run.answer(request)
    except Exception:  # noqa: BLE001  a defect of ours: the provider brings it again
        _log.exception("webhook_failed", channel=run.settings.id)
        return Response(status_code=503, headers={"retry-after": str(_RETRY_S)})
    return response_of(answer)


def _absent(host: AdapterHost, channel: ChannelId) -> Response:
    """A channel that is to be served and is not for now is another thing than one that there is not."""
    if channel in host.reports:
        return Response(status_code=503, headers={"retry-after": str(_RETRY_S)})
    return Response(status_code=404)

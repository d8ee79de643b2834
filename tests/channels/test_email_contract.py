"""The mail adapter keeps the contract of all adapters, against a real SMTP server."""

import asyncio
import threading
from collections.abc import Iterator
from typing import ClassVar

import pytest

from hookflash.plugins.email import Email
from hookflash.sdk.testing import AdapterContract
from tests.channels.smtp_server import SmtpServer, smtp_server


@pytest.fixture(scope="module")
def server() -> Iterator[SmtpServer]:
    """A server on a loop of its own, because each test of the contract runs one of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    serving = smtp_server()

    yield asyncio.run_coroutine_threadsafe(serving.__aenter__(), loop).result(10)
    asyncio.run_coroutine_threadsafe(serving.__aexit__(None, None, None), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


class TestEmail(AdapterContract):
    adapter = Email
    environ: ClassVar = {"MAIL_PASSWORD": "hunter2"}
    secrets = ("hunter2",)
    customer = "carla@example.net"
    settings: ClassVar[dict[str, str]] = {}

    @pytest.fixture(autouse=True)
    def _server(self, server: SmtpServer) -> None:
        type(self).settings = {
            "address": "support@example.com",
            "user": "support",
            "password": "env:MAIL_PASSWORD",
            "imap_host": "127.0.0.1",
            "imap_security": "plain",
            "smtp_host": "127.0.0.1",
            "smtp_port": str(server.port),
            "smtp_security": "plain",
            "smtp_login": "none",
        }

"""The web chat keeps the contract of all adapters, and says in a sentence what it needs."""

import importlib.util

import pytest

from hookflash.plugins.webchat import Webchat
from hookflash.sdk import BadSignature, ConfigError, HttpRequest, ParseError
from hookflash.sdk.testing import AdapterContract
from tests.channels.chat_world import PAGE, SECRET


class TestWebchat(AdapterContract):
    adapter = Webchat
    settings = {"secret": "env:SECRET", "origins": PAGE}  # noqa: RUF012 - declared by the contract
    environ = {"SECRET": SECRET}  # noqa: RUF012 - declared by the contract
    secrets = (SECRET,)
    customer = "carla"

    def test_nobody_calls_it_as_a_webhook(self) -> None:
        request = HttpRequest(method="POST", path="/channels/chat", body=b"{}")
        with pytest.raises(BadSignature):
            self.open().verify(request)
        with pytest.raises(ParseError, match="takes no webhooks"):
            self.open().parse(request)

    async def test_without_its_extra_it_says_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("hookflash.plugins.webchat.adapter.find_spec", lambda _name: None)
        assert importlib.util.find_spec("starlette") is not None
        with pytest.raises(ConfigError, match=r"pip install 'hookflash\[web\]'"):
            await self.open().start()

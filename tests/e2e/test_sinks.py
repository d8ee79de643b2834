"""A real server with sinks, killed while one of them has taken a batch and not said so: nothing is missing after."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any, Final

import pytest

from tests.e2e.calling import Site, site_on
from tests.e2e.server_process import running

PLUGIN: Final = dedent('''
    """A sink that hands each batch to the test over a socket, and takes it when the test says so."""

    import asyncio, json
    from dataclasses import dataclass
    from hookflash.sdk import Ack, Audience, hookimpl

    SDK_API = ">=1.0,<2"

    @dataclass(frozen=True)
    class Config:
        socket: str

    class ToTest:
        name = "to_test"
        audience = Audience.CUSTOMER

        def __init__(self, socket):
            self.socket = socket

        async def deliver(self, batch):
            reader, writer = await asyncio.open_unix_connection(self.socket)
            try:
                entries = [[said.conversation, said.sequence, said.content.text] for said in batch]
                writer.write(json.dumps(entries).encode() + b"\\n")
                if await reader.readline() != b"taken\\n":
                    raise ConnectionError
            finally:
                writer.close()
            return Ack()

    @hookimpl
    def hookflash_register(registry):
        registry.sink(ToTest(registry.config(Config).socket))
''')


class _Taker:
    """The test's end of the socket."""

    def __init__(self, path: Path) -> None:
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(str(path))
        self.listening.listen()
        self.listening.settimeout(20.0)

    @contextmanager
    def batch(self) -> Iterator[tuple[list[list[Any]], socket.socket]]:
        """The next batch, and what it may be acknowledged on."""
        connection, _ = self.listening.accept()
        connection.settimeout(20.0)
        with connection, connection.makefile() as lines:
            yield json.loads(lines.readline()), connection

    def take(self) -> list[list[Any]]:
        with self.batch() as (entries, connection):
            connection.sendall(b"taken\n")
            return entries


@pytest.fixture
def taker(tmp_path: Path) -> Iterator[_Taker]:
    made = _Taker(tmp_path / "socket")
    yield made
    made.listening.close()


def _settings(folder: Path) -> Path:
    plugins = folder / "plugins"
    plugins.mkdir()
    (plugins / "to_test.py").write_text(PLUGIN, encoding="utf-8")
    settings = folder / "hookflash.toml"
    settings.write_text(
        f'[plugins]\nplugins_dir = "{plugins}"\n[plugins.to_test]\nsocket = "{folder / "socket"}"\n'
        f'[plugins.jsonl]\npath = "{folder / "said.jsonl"}"\n',
        encoding="utf-8",
    )
    return settings


def _say(site: Site, *texts: str) -> None:
    for text in texts:
        site.admin.call(
            "ChannelService/Receive", channel="channels/web", address="address of talk", external_id=text, text=text
        )


def _transcript(site: Site) -> list[list[Any]]:
    """What the customer has heard and said, by the journal: the views of a server just started may be behind."""
    said = site.admin.call(
        "EventService/ListEvents", filter="subject = conversations/talk AND type = MessageSent", page_size=1000
    )
    return [["talk", event.payload["transcript"], event.payload["text"]] for event in said.events]


@pytest.mark.slow
@pytest.mark.spec("I1", "I3")
def test_a_server_killed_while_a_sink_delivers_leaves_nothing_out(tmp_path: Path, taker: _Taker) -> None:
    settings = _settings(tmp_path)
    heard: list[list[Any]] = []
    for round_ in range(2):
        with running(tmp_path / "data", arguments=("-c", settings)) as server, site_on(server) as site:
            if round_ == 0:
                site.opened("talk")
            _say(site, *(f"{round_}.{number}" for number in range(10)))
            heard += taker.take()
            _say(site, f"{round_}.last")
            with taker.batch() as (entries, _):
                heard += entries
                server.kill()
    with running(tmp_path / "data", arguments=("-c", settings)) as server, site_on(server) as site:
        _say(site, "the end")
        expected = _transcript(site)
        while heard[-1] != expected[-1]:
            heard += taker.take()
        assert _sink(site, "to_test").audience == "CUSTOMER"
        while _sink(site, "jsonl").lag:
            pass
    first_time = [entry for index, entry in enumerate(heard) if entry not in heard[:index]]
    assert first_time == expected, "each entry came, and for the first time in its order"
    assert len(heard) > len(first_time), "the batch that was not acknowledged came again"
    _same_in_the_file(tmp_path / "said.jsonl", expected)


def _sink(site: Site, name: str) -> Any:  # noqa: ANN401  a message of the API
    """How a plugin's one sink is, as an admin sees it."""
    (found,) = (
        sink for each in site.admin.call("AdminService/GetServer").plugins if each.name == name for sink in each.sinks
    )
    assert (found.name, found.failures, found.reason) == (name, 0, "")
    return found


def _same_in_the_file(path: Path, expected: list[list[Any]]) -> None:
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
    entries = [[line["conversation"], line["sequence"], line["text"]] for line in lines]
    first_time = [entry for index, entry in enumerate(entries) if entry not in entries[:index]]
    assert first_time[: len(expected)] == expected

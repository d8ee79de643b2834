"""A customer's web chat through a server that is killed: frames go on by number, nothing is lost, nothing doubled."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from hookflash.plugins.webchat import sign_token
from hookflash.v1 import channel_pb2
from tests.e2e.calling import Site, site_on
from tests.e2e.server_process import ServerProcess, running

SECRET: Final = "a secret of sixteen characters"  # noqa: S105 - a test's
PAGE: Final = Origin("https://shop.example")
WAIT_S: Final = 20.0

Frame = dict[str, Any]


def _place(server: ServerProcess) -> str:
    """Where the chat's socket is: the server's second line names its edge."""
    assert server.process.stdout is not None
    edge = server.process.stdout.readline().strip().rpartition("//")[2]
    return f"ws://{edge}/channels/chat/app/socket"


@contextmanager
def _visit(place: str, after: int | None) -> Iterator[ClientConnection]:
    token = sign_token(SECRET, "carla", datetime.now(UTC) + timedelta(hours=1), "Carla")
    with connect(place, origin=PAGE, proxy=None) as socket:
        socket.send(json.dumps({"frame": "hello", "token": token, "after": after}))
        assert _next(socket)["frame"] == "ok"
        yield socket


def _next(socket: ClientConnection) -> Frame:
    frame: Frame = json.loads(socket.recv(timeout=WAIT_S))
    return frame


def _until_said(socket: ClientConnection, text: str) -> list[Frame]:
    """The events up to the one with that text."""
    frames: list[Frame] = []
    while not frames or frames[-1].get("text") != text:
        frame = _next(socket)
        frames += frame["events"] if frame["frame"] == "snapshot" else [frame] if frame["frame"] == "ev" else []
    return frames


def _until_closed(socket: ClientConnection) -> list[Frame]:
    frames: list[Frame] = []
    try:
        while True:
            frame = _next(socket)
            frames += [frame] if frame["frame"] == "ev" else []
    except ConnectionClosed:
        return frames


def _say(socket: ClientConnection, key: str, text: str) -> None:
    socket.send(json.dumps({"frame": "cmd", "id": key, "name": "say", "args": {"text": text}}))


def _applied(site: Site) -> None:
    settings = {"secret": "env:CHAT_SECRET", "origins": PAGE}
    chat = channel_pb2.Channel(name="channels/chat", kind="webchat", queue="queues/billing", settings=settings)
    site.admin.call("AdminService/Apply", channels=[chat])


def _answer(site: Site, conversation: str, *texts: str) -> None:
    for text in texts:
        site.agent("ann").call("ConversationService/SendMessage", name=conversation, text=text)


@pytest.mark.spec("I1", "I3")
def test_a_chat_goes_on_by_number_through_a_kill(tmp_path: Path) -> None:
    environment = {"CHAT_SECRET": SECRET}
    settings = {"http_listen": "127.0.0.1:0"}
    answers = [f"answer {number}" for number in range(8)]
    with running(tmp_path / "data", settings=settings, environment=environment) as server, site_on(server) as site:
        place = _place(server)
        _applied(site)
        site.attach("ann")
        with _visit(place, None) as socket:
            _say(socket, "c1", "Hello")
            name = site.accepted("ann").name
            _answer(site, name, answers[0])
            seen = _until_said(socket, answers[0])
            _answer(site, name, *answers[1:6])
            server.kill()
            seen += _until_closed(socket)
    with running(tmp_path / "data", settings=settings, environment=environment) as server, site_on(server) as site:
        with _visit(_place(server), seen[-1]["seq"]) as socket:
            _say(socket, "c1", "Hello")  # Its answer may have been lost, so a client says it again.
            site.attach("ann", is_ready=False)
            _answer(site, name, *answers[6:])
            seen += _until_said(socket, answers[-1])
        numbers = [frame["seq"] for frame in seen]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert [frame["text"] for frame in seen if frame.get("text") in answers] == answers
        events = site.admin.call("EventService/ListEvents", filter="type = MessageSent").events
        assert [event.payload["text"] for event in events] == ["Hello", *answers]

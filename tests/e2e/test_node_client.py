"""A client in another language, made from the .proto files alone, plays transfer, conference and whisper.

The packages of the client are installed outside the checkout. Where there is no Node, or its packages cannot be had,
the tests are skipped and say why.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from tests.e2e.server_process import running

ROOT: Final = Path(__file__).resolve().parents[2]
CLIENT: Final = ROOT / "tests" / "e2e" / "node"
INSTALL: Final = (
    *("npm", "ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"),
    *("--fetch-retries", "1", "--fetch-retry-mintimeout", "1000", "--fetch-timeout", "20000"),
)
INSTALL_S: Final = 120
PLAY_S: Final = 60
FAILED_PRECONDITION: Final = 9


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client's script beside its installed packages."""
    missing = [name for name in ("node", "npm") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"there is no {' and no '.join(missing)} here, so no JavaScript client can run")
    folder = tmp_path_factory.mktemp("node-client")
    for name in ("package.json", "package-lock.json", "calling.mjs", "client.mjs"):
        shutil.copy(CLIENT / name, folder)
    # Later runs find the packages here and need no network; the lock file's hashes guard both.
    cache = Path(tempfile.gettempdir()) / "hookflash-node-packages"
    try:
        done = subprocess.run(
            [*INSTALL, "--cache", str(cache)],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=INSTALL_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not install the client's packages within {INSTALL_S} s")
    if done.returncode != 0:
        pytest.skip(f"npm cannot install the client's packages: {done.stderr.strip()[-300:]}")
    return folder / "client.mjs"


@pytest.fixture(scope="module")
def played(client: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """What the two agents and the customer's adapter got, as the JavaScript client reports it."""
    with running(tmp_path_factory.mktemp("node-server") / "data") as server:
        environment = {**os.environ, "HOOKFLASH_NODE_ADMIN_TOKEN": server.admin_token.strip()}
        done = subprocess.run(
            ["node", str(client), server.address, str(ROOT / "proto")],  # noqa: S607
            env=environment,
            capture_output=True,
            encoding="utf-8",
            timeout=PLAY_S,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    story: Mapping[str, Any] = json.loads(done.stdout)
    return story


@pytest.mark.slow
@pytest.mark.spec("A-01", "R-T2", "R-T5", "N1", "N2", "N3", "N4", "N6", "N9")
def test_a_javascript_agent_transfers_to_a_queue_and_everybody_reads_the_seeds_texts(
    played: Mapping[str, Any],
) -> None:
    assert played["available"] == [["Billing", 1]]
    assert played["ann"]["notices"][:3] == [
        ["NOTICE_STYLE_TIMELINE", "You have joined the conversation"],
        ["NOTICE_STYLE_TIMELINE", "Conversation is closed due to CHAT TRANSFERRED"],
        ["NOTICE_STYLE_TOAST", "Transfer request placed successfully"],
    ]
    assert played["bob"]["notices"][0] == ["NOTICE_STYLE_TIMELINE", "You have joined the conversation"]
    assert played["delivered"][:4] == [
        [1, "Ann has joined the conversation"],
        [2, "Your request is being transferred to Billing, please wait!"],
        [3, "Ann has left"],
        [4, "Bob has joined the conversation"],
    ]


@pytest.mark.slow
@pytest.mark.spec("A-03", "R-C1", "R-C4", "R-C5", "R-G4", "R-G5", "N7", "N8", "N10")
def test_a_javascript_agent_adds_another_and_the_conversation_outlives_his_leaving(
    played: Mapping[str, Any],
) -> None:
    kim = {"customerName": "Kim"}
    transfer, conference = (
        "Chat transfer request from Ann with customer Kim",
        "Chat conference request from Bob with customer Kim",
    )
    assert played["offers"] == [
        {"kind": "INVITE_KIND_ROUTE", "heading": "Chat request with customer Kim", "note": None, **kim},
        {"kind": "INVITE_KIND_TRANSFER", "heading": transfer, "note": "wants a refund", **kim},
        {"kind": "INVITE_KIND_CONFERENCE", "heading": conference, "note": "please listen", **kim},
    ]
    assert played["bob"]["notices"][1:] == [
        ["NOTICE_STYLE_TOAST", "a conference request has been placed successfully."],
        ["NOTICE_STYLE_TIMELINE", "Conference request has been successfully placed"],
    ]
    assert played["ann"]["timeline"][-1] == "Bob left the conversation"
    assert played["delivered"][4:] == [
        [5, "Ann has joined the conversation"],
        [6, "We will refund you"],
        [7, "Bob left the conversation"],
    ]


@pytest.mark.slow
@pytest.mark.spec("A-04", "R-W1", "R-W3", "R-W5", "R-G11", "INV-5")
def test_javascript_agents_whisper_and_nothing_of_it_is_on_the_customers_side(played: Mapping[str, Any]) -> None:
    assert played["refusedAlone"]["code"] == FAILED_PRECONDITION
    for agent in ("ann", "bob"):
        assert played[agent]["whispers"] == ["offer ten percent", "twenty, he is angry"]
    assert [text for _, text in played["transcript"]] == [
        "My bill is wrong",
        *(text for _, text in played["delivered"]),
    ]
    assert [number for number, _ in played["transcript"]] == list(range(1, 9))
    for secret in ("ten percent", "angry", "to nobody", "wants a refund", "please listen", "hisper"):
        assert secret not in played["customerSide"]

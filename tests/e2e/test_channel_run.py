"""`hookflash channel run` as a process of its own, beside a server that is one too: a script's customers are served."""

from pathlib import Path

from hookflash.v1 import channel_pb2
from tests.cli.command import process
from tests.e2e.calling import site_on
from tests.e2e.server_process import running


def test_the_console_runs_outside_against_a_server_and_ends_with_a_signal(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("carl> hello\n", encoding="utf-8")
    with running(tmp_path / "data") as server, site_on(server) as site:
        site.admin.call(
            "AdminService/Apply",
            channels=[
                channel_pb2.Channel(name="channels/shop", kind="console", is_external=True, queue="queues/billing")
            ],
        )
        adapter = site.made("ADAPTER", "channels/shop", channel="channels/shop")
        token = tmp_path / "shop.token"
        token.write_text(adapter.token, encoding="ascii")
        token.chmod(0o600)
        desk = site.attach("ann")
        told = ("--engine", server.address, "--token-file", str(token), "--set", f"script={script}")
        with process("channel", "run", "console", "--channel", "shop", *told, home=tmp_path) as shop:
            assert shop.stdout is not None
            conversation = site.accepted("ann").name
            desk.caller.call("ConversationService/SendMessage", name=conversation, text="How can I help?")
            while (line := shop.stdout.readline().strip()) != "carl< How can I help?":
                assert line.startswith("carl< "), line
            shop.terminate()
            assert shop.wait(20) == 0
            assert shop.stderr is not None
            assert "console has started for channels/shop" in shop.stderr.read()
        assert (tmp_path / "hookflash-shop.sqlite").stat().st_mode & 0o777 == 0o600

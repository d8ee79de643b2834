"""What a strategy may decide besides an offer, in a server of its own: wait and then offer, or reject with a reason."""

from pathlib import Path
from textwrap import dedent
from typing import Final

import pytest

from hookflash.v1 import agent_pb2, queue_pb2, target_pb2
from tests.e2e.calling import Site, site_on
from tests.e2e.server_process import running

PLUGIN: Final = dedent('''
    """Two strategies of somebody else: the engine asks them on a thread of their own."""

    from hookflash.sdk import Offer, Reject, Wait, hookimpl

    SDK_API = ">=1.0,<2"


    class WaitsOnce:
        name = "waits_once"

        def order(self, agent, queue):
            return (agent.place,)

        def select(self, invite, candidates, context):
            if context.cursor is None:
                return Wait(wait_s=0.2, cursor="has waited")
            return Offer(agents=(next(iter(candidates)).id,))


    class NotToday:
        name = "not_today"

        def order(self, agent, queue):
            return (agent.place,)

        def select(self, invite, candidates, context):
            return Reject(reason="not today")


    @hookimpl
    def hookflash_register(registry):
        registry.strategy(WaitsOnce)
        registry.strategy(NotToday)
''')


def _until_over(site: Site, conversation: str) -> list[tuple[str, str, str | None]]:
    """What was decided until the search of that conversation ended with nobody: type, strategy, reason."""
    told: list[tuple[str, str, str | None]] = []
    with site.admin.stream("EventService/Watch", from_start=True) as watched:
        while True:
            for event in watched.next().events:
                if event.type == "WaitEnded":
                    told.append((event.type, "", None))
                elif event.type == "DecisionMade":
                    told.append((event.type, event.payload["strategy"], event.payload["rejected"]))
                elif event.type == "InviteEnded" and event.subject == conversation:
                    assert event.payload["state"] == "NO_AGENT"
                    return told


@pytest.mark.spec("R-Q6", "R-Q8")
def test_a_strategy_that_waits_offers_later_and_one_that_rejects_ends_the_search(tmp_path: Path) -> None:
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "deciding.py").write_text(PLUGIN, encoding="utf-8")
    settings = tmp_path / "hookflash.toml"
    settings.write_text(f"[plugins]\nplugins_dir = '{folder}'\n", encoding="utf-8")
    with running(tmp_path / "data", arguments=("-c", settings)) as server, site_on(server) as site:
        site.admin.call(
            "AdminService/Apply",
            queues=[queue_pb2.Queue(name=f"queues/{name}", strategy=name) for name in ("waits_once", "not_today")],
        )
        queues = ["queues/waits_once", "queues/not_today"]
        site.admin.call("AdminService/Apply", agents=[agent_pb2.Agent(name="agents/zoe", queues=queues)])
        site.attach("zoe")
        site.opened("waiting", target=target_pb2.Target(queue="queues/waits_once"))
        assert site.accepted("zoe").name == "conversations/waiting"
        site.opened("refused", target=target_pb2.Target(queue="queues/not_today"))
        made = _until_over(site, "conversations/refused")
        assert made == [
            ("DecisionMade", "waits_once", None),
            ("WaitEnded", "", None),
            ("DecisionMade", "waits_once", None),
            ("DecisionMade", "not_today", "not today"),
        ]

"""`hookflash_deny`: asked about every call that the built-in policy allows, each implementation; it only narrows."""

import asyncio
import json
from pathlib import Path
from textwrap import dedent
from threading import Event

import pytest

from hookflash.engine.settings import PluginSettings
from hookflash.sdk.types import Role
from tests.server.serving import Refused, Serving, serving

HEAD = 'from hookflash.sdk import *\nfrom hookflash.sdk import hookimpl\n\nSDK_API = ">=1.0,<2"\n'
ASKED: list[tuple[str, str, str, dict[str, str]]] = []
GATE, INSIDE = Event(), Event()
WATCHES = """
from tests.server.test_deny import ASKED

@hookimpl
def hookflash_deny(principal, verb, resource):
    ASKED.append(("{name}", principal.subject, verb, dict(resource.names)))
    {ending}
"""


@pytest.fixture(autouse=True)
def _nobody_asked() -> None:
    ASKED.clear()


def _plugins(tmp_path: Path, **endings: str) -> PluginSettings:
    folder = tmp_path / "plugins"
    folder.mkdir()
    for name, ending in endings.items():
        (folder / f"{name}.py").write_text(HEAD + dedent(WATCHES.format(name=name, ending=ending)), encoding="utf-8")
    return PluginSettings(plugins_dir=folder)


async def _refused(served: Serving, path: str = "QueueService/ListQueues", **fields: object) -> Refused:
    with pytest.raises(Refused) as refused:
        await served.admin.call(path, **fields)
    return refused.value


def _audited(tmp_path: Path) -> list[dict[str, str]]:
    lines = (tmp_path / "audit.log").read_text(encoding="utf-8").splitlines()
    return [entry for line in lines if (entry := json.loads(line)).get("reason") == "DENIED_BY_POLICY"]


async def test_it_sees_who_calls_what_and_the_names_in_the_request_and_never_a_text(tmp_path: Path) -> None:
    async with serving(tmp_path, plugins=_plugins(tmp_path, one="return None")) as served:
        await served.site("ann")
        await served.opened("42")
        ASKED.clear()
        refused = await _refused(
            served,
            "ConversationService/Transfer",
            name="conversations/42",
            agent="agents/ann",
            target={"queue": "queues/billing"},
            note="a word that is secret",
        )
        assert refused.reason == "NOT_A_PARTICIPANT"
        names = {"name": "conversations/42", "agent": "agents/ann", "target": "queues/billing"}
        assert [("one", "admins/first", "Transfer", names)] == ASKED


async def test_a_denial_is_refused_without_its_reason_which_is_in_the_audit_log(tmp_path: Path) -> None:
    plugins = _plugins(
        tmp_path,
        a_says_yes="return None",
        b_says_no="return Denial('not on sundays') if verb == 'ListQueues' else None",
        c_says_no="return Denial('nor on mondays') if verb == 'ListQueues' else None",
    )
    async with serving(tmp_path, plugins=plugins) as served:
        refused = await _refused(served)
        assert (refused.code, refused.reason) == ("PERMISSION_DENIED", "DENIED_BY_POLICY")
        assert "sundays" not in refused.sentence
        assert [name for name, _, _, _ in ASKED] == ["c_says_no", "b_says_no", "a_says_yes"]
        (audited,) = _audited(tmp_path)
        assert (audited["plugin"], audited["why"]) == ("c_says_no", "nor on mondays")
        await served.site()


@pytest.mark.parametrize(
    "ending", ["raise ValueError", "raise SystemExit", "raise BaseException", "return False", "return 'no'"]
)
async def test_it_fails_closed_and_its_neighbours_are_asked_all_the_same(ending: str, tmp_path: Path) -> None:
    plugins = _plugins(tmp_path, a_last="return None", bad=ending)
    async with serving(tmp_path, plugins=plugins) as served:
        for _ in range(4):
            assert (await _refused(served)).reason == "DENIED_BY_POLICY"
        assert [name for name, _, _, _ in ASKED].count("a_last") == 4
        assert [name for name, _, _, _ in ASKED].count("bad") == 3  # Its breaker is open: closed all the same.
        assert served.engine.plugins.guard.faults == {("bad", "hookflash_deny"): 3}


async def test_one_that_hangs_denies_after_50_ms(tmp_path: Path) -> None:
    GATE.clear()
    INSIDE.clear()
    ending = "from tests.server.test_deny import GATE, INSIDE; INSIDE.set(); GATE.wait(10)"
    async with serving(tmp_path, plugins=_plugins(tmp_path, hangs=ending)) as served:
        first = asyncio.ensure_future(_refused(served))
        assert await asyncio.to_thread(INSIDE.wait, 10)
        served.clock.advance(0.051)
        assert (await first).reason == "DENIED_BY_POLICY"
        GATE.set()


async def test_it_never_grants_what_the_built_in_policy_refuses(tmp_path: Path) -> None:
    async with serving(tmp_path, plugins=_plugins(tmp_path, one="return None")) as served:
        viewer = await served.client(Role.VIEWER, "users/kim")
        with pytest.raises(Refused) as refused:
            await viewer.call("AdminService/Drain")
        assert refused.value.reason == "ROLE_NOT_ALLOWED"
        assert ASKED == []


async def test_the_bundled_one_takes_methods_away_from_roles(tmp_path: Path) -> None:
    plugins = PluginSettings(tables={"forbidden_verbs": {"service": "CloseConversation"}})
    async with serving(tmp_path, plugins=plugins) as served:
        await served.site()
        await served.opened("42")
        service = await served.client(Role.SERVICE, "services/crm")
        with pytest.raises(Refused) as refused:
            await service.call("ConversationService/CloseConversation", name="conversations/42")
        assert refused.value.reason == "DENIED_BY_POLICY"
        await served.admin.call("ConversationService/CloseConversation", name="conversations/42")


async def test_where_nobody_denies_nobody_is_asked(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        assert not served.engine.questions.hooks.has_deny

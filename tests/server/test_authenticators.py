"""Authenticators: they admit whom they name and nothing more, and whatever goes wrong with one is a refusal."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pytest

from hookflash.engine.domain.refusals import NotAuthenticated
from hookflash.engine.plugins import LoadedAuthenticator
from hookflash.engine.server import authenticators as module
from hookflash.engine.server.authenticators import RECHECK_S, Authenticators
from hookflash.engine.settings import PluginSettings
from hookflash.sdk.auth import Credentials
from hookflash.sdk.config import Secret
from hookflash.sdk.types import AgentId, ChannelId, Principal, Role
from tests.server.serving import Client, Refused, serving

ANN = Principal(Role.AGENT, "agents/ann")
TOKEN = Credentials(token=Secret("any"))
ALL = frozenset(Role)


@dataclass
class Door:
    """An authenticator that answers as told."""

    name: ClassVar[str] = "door"
    answer: Callable[[Credentials], Awaitable[object]]
    asked: int = 0

    async def authenticate(self, credentials: Credentials) -> Principal | None:
        self.asked += 1
        return await self.answer(credentials)  # type: ignore[return-value]  # rubbish, where a test wants it


@dataclass
class Doors:
    """Authenticators with a clock of the test's own, and what they reported."""

    now: float = 1000.0
    faults: list[str] = field(default_factory=list)

    def of(self, *doors: Door, roles: frozenset[Role] = ALL, is_bundled: bool = True) -> Authenticators:
        loaded = [
            LoadedAuthenticator(plugin="plug", is_bundled=is_bundled, authenticator=door, roles=roles) for door in doors
        ]
        return Authenticators(loaded, lambda: self.now, lambda _plugin, _hook, error, _fallback: self._told(error))

    def _told(self, error: str) -> None:
        self.faults.append(error)


def door(answer: object) -> Door:
    async def given(_credentials: Credentials) -> object:
        if isinstance(answer, BaseException):
            raise answer
        return answer

    return Door(given)


async def test_they_are_asked_in_turn_until_one_knows() -> None:
    first, second, third = door(None), door(ANN), door(Principal(Role.ADMIN, "admins/x"))
    assert await Doors().of(first, second, third).principal(TOKEN) == ANN
    assert (first.asked, second.asked, third.asked) == (1, 1, 0)


async def test_nobody_is_admitted_whom_nobody_knows() -> None:
    for doors in ((), (door(None), door(None))):
        with pytest.raises(NotAuthenticated):
            await Doors().of(*doors).principal(TOKEN)


@pytest.mark.parametrize("error", [ValueError("secret"), KeyError(), SystemExit(0), asyncio.CancelledError()])
async def test_an_exception_is_a_refusal_and_nobody_else_is_asked(error: BaseException) -> None:
    doors, after = Doors(), door(ANN)
    with pytest.raises(NotAuthenticated):
        await doors.of(door(error), after).principal(TOKEN)
    assert (after.asked, doors.faults) == (0, [type(error).__name__])


@pytest.mark.parametrize("is_bundled", [True, False])
async def test_one_that_does_not_answer_in_time_refuses(is_bundled: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    monkeypatch.setattr(module, "AUTHENTICATE_S", 0.02)

    async def hang(_credentials: Credentials) -> object:
        await asyncio.Event().wait()
        return ANN

    doors = Doors()
    asked = doors.of(Door(hang), is_bundled=is_bundled)
    with pytest.raises(NotAuthenticated):
        await asked.principal(TOKEN)
    asked.stop()
    assert doors.faults == ["no answer within 0.02 s"]


async def test_a_strangers_plugin_that_blocks_holds_up_nobody_but_its_own_callers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "AUTHENTICATE_S", 0.05)
    until = threading.Event()

    async def block(_credentials: Credentials) -> object:
        until.wait(20.0)
        return ANN

    asked = Doors().of(Door(block), is_bundled=False)
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    counting = asyncio.ensure_future(count())
    with pytest.raises(NotAuthenticated):
        await asked.principal(TOKEN)
    counting.cancel()
    assert turns > 10
    until.set()
    asked.stop()


async def test_repeated_faults_open_its_breaker_and_the_others_are_still_asked() -> None:
    doors, broken, good = Doors(), door(ValueError()), door(ANN)
    asked = doors.of(broken, good)
    for _ in range(3):
        with pytest.raises(NotAuthenticated):
            await asked.principal(TOKEN)
    assert await asked.principal(TOKEN) == ANN
    assert broken.asked == 3
    doors.now += 31.0
    with pytest.raises(NotAuthenticated):
        await asked.principal(TOKEN)
    assert broken.asked == 4
    assert doors.faults == ["ValueError"], "each would be a record, and a stranger decides how many there are"


@pytest.mark.spec("R-G12")
async def test_no_role_is_given_that_an_admin_has_not_granted() -> None:
    doors = Doors()
    with pytest.raises(NotAuthenticated):
        await doors.of(door(Principal(Role.ADMIN, "admins/x")), roles=ALL - {Role.ADMIN}).principal(TOKEN)
    assert doors.faults == ["it may not give the role ADMIN; an admin allows it with grant_roles"]


class _Sly(str):
    """What looks like a text."""

    __slots__ = ()


@pytest.mark.parametrize(
    "answer",
    [
        True,
        "agents/ann",
        Principal(Role.AGENT, "services/ann"),
        Principal(Role.AGENT, "agents/"),
        Principal(Role.AGENT, "agents/Ann"),
        Principal(Role.AGENT, _Sly("agents/ann")),
        Principal("ADMIN", "admins/x"),  # type: ignore[arg-type]
        Principal(Role.ADAPTER, "channels/web"),
        Principal(Role.AGENT, "agents/ann", (), ChannelId("web")),
        Principal(Role.AGENT, "agents/ann", (AgentId("ben"),)),
        Principal(Role.SERVICE, "services/crm", (AgentId(" "),)),
        Principal(Role.SERVICE, "services/crm", [AgentId("ben")]),  # type: ignore[arg-type]
    ],
)
async def test_a_principal_that_no_token_could_stand_for_is_refused(answer: object) -> None:
    doors = Doors()
    with pytest.raises(NotAuthenticated):
        await doors.of(door(answer)).principal(TOKEN)
    assert len(doors.faults) == 1


async def test_a_caller_is_asked_for_again_while_his_stream_lasts() -> None:
    answers: list[object] = [ANN, ANN, Principal(Role.AGENT, "agents/ben")]

    async def answer(_credentials: Credentials) -> object:
        return answers.pop(0)

    doors, given = Doors(), Door(answer)
    asked = await doors.of(given).ask(TOKEN)
    await asked.check()
    assert given.asked == 1
    doors.now += RECHECK_S
    await asked.check()
    assert given.asked == 2
    doors.now += RECHECK_S
    with pytest.raises(NotAuthenticated):
        await asked.check()


PLUGIN = """
SDK_API = ">=1.0,<2"
from hookflash.sdk import *
from hookflash.sdk import hookimpl

class Badges:
    name = "badges"

    async def authenticate(self, credentials):
        if credentials.token is not None and credentials.token.reveal() == "badge-of-ann":
            return Principal(Role.AGENT, "agents/ann")
        if credentials.metadata.get("x-desk") == "front":
            return Principal(Role.ADMIN, "admins/front")

@hookimpl
def hookflash_register(registry):
    registry.authenticator(Badges())
"""


@pytest.mark.spec("R-G12")
async def test_a_call_is_made_in_the_name_that_a_plugin_knows_and_tokens_of_ours_go_before(tmp_path: Path) -> None:
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "badges.py").write_text(PLUGIN, encoding="utf-8")
    async with serving(tmp_path / "data", plugins=PluginSettings(plugins_dir=folder)) as served:
        await served.site("ann", "ben")
        ann = Client(served.channel, "badge-of-ann")
        assert (await ann.call("AgentService/GetAgent", name="agents/ann")).name == "agents/ann"
        async with ann.stream("AgentService/Attach") as desk:
            assert (await desk.until("welcome")).agent.name == "agents/ann"
        for token in ("badge-of-ben", "hf_0_badge-of-ann", "", "x" * 5000):
            with pytest.raises(Refused) as refused:
                await Client(served.channel, token).call("AgentService/GetAgent", name="agents/ann")
            assert refused.value.reason == "NOT_AUTHENTICATED"
        with pytest.raises(Refused) as refused:
            await ann.call("AdminService/GetServer")
        assert refused.value.reason == "ROLE_NOT_ALLOWED"
        # A role that was not granted is nobody, not somebody with less.
        front = Client(served.channel)
        front.metadata = (("x-desk", "front"),)
        with pytest.raises(Refused) as refused:
            await front.call("AdminService/GetServer")
        assert refused.value.reason == "NOT_AUTHENTICATED"

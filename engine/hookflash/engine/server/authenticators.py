"""Who calls, where no token of ours says it: the plugins' authenticators, asked in turn until one knows.

They can only ever admit whom they name, in a role that an admin lets their plugin give. Whatever goes wrong with one
is a refusal: of the call where it was asked and failed, of its own callers while its breaker is open.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, final

import structlog

from hookflash.engine.domain.refusals import NotAuthenticated, Refusal
from hookflash.engine.domain.text import check_id
from hookflash.engine.plugins import Breaker, LoadedAuthenticator
from hookflash.engine.plugins.loops import PluginLoop
from hookflash.sdk.auth import Credentials
from hookflash.sdk.types import Principal, Role

__all__ = ["AUTHENTICATE_S", "RECHECK_S", "Asked", "Authenticators"]

AUTHENTICATE_S: Final = 2.0
"""How long an authenticator has."""

RECHECK_S: Final = 60.0
"""After so many seconds of an open stream its caller is asked for again."""

_TELL_S: Final = 60.0
_COLLECTIONS: Final = {Role.AGENT: "agents", Role.ADAPTER: "channels"}
_log = structlog.get_logger("hookflash.server")


@final
class Authenticators:
    """All authenticators of one engine."""

    def __init__(
        self,
        loaded: Sequence[LoadedAuthenticator],
        now: Callable[[], float],
        on_fault: Callable[[str, str, str, str], None],
    ) -> None:
        """`on_fault` is told plugin, hook, error and fallback."""
        self._members = tuple(_Member(each, now, on_fault) for each in loaded)
        self._now = now

    async def ask(self, credentials: Credentials) -> "Asked":
        """Return whom somebody knows by these credentials. Raises NotAuthenticated."""
        return Asked(self, credentials, await self.principal(credentials), self._now())

    async def principal(self, credentials: Credentials) -> Principal:
        """Ask once. Raises NotAuthenticated."""
        for member in self._members:
            principal = await member.ask(credentials)
            if principal is not None:
                return principal
        raise NotAuthenticated

    def now(self) -> float:
        """The engine's clock."""
        return self._now()

    def stop(self) -> None:
        """End the plugins' loops."""
        for member in self._members:
            member.stop()


@final
class Asked:
    """A caller whom an authenticator knew; he must still be known while his stream lasts."""

    __slots__ = ("_at", "_authenticators", "_credentials", "principal")

    def __init__(
        self, authenticators: Authenticators, credentials: Credentials, principal: Principal, at: float
    ) -> None:
        """He was known at that time."""
        self._authenticators, self._credentials = authenticators, credentials
        self.principal: Final = principal
        self._at = at

    async def check(self) -> None:
        """Ask again where that is long ago. Raises NotAuthenticated."""
        now = self._authenticators.now()
        if now - self._at < RECHECK_S:
            return
        self._at = now
        if await self._authenticators.principal(self._credentials) != self.principal:
            raise NotAuthenticated


class _Member:
    """One authenticator: a bundled one on the server's loop, any other on a loop of its own."""

    def __init__(
        self,
        loaded: LoadedAuthenticator,
        now: Callable[[], float],
        on_fault: Callable[[str, str, str, str], None],
    ) -> None:
        self._loaded = loaded
        self._breaker = Breaker(now)
        self._now = now
        self._told_at: float | None = None
        self._on_fault = on_fault
        self._loop = None if loaded.is_bundled else PluginLoop(loaded.plugin)

    async def ask(self, credentials: Credentials) -> Principal | None:
        """Ask it; None where it knows nobody, or is not asked. Raises NotAuthenticated where it failed."""
        if not self._breaker.admit():
            return None
        try:
            found = await self._answer(credentials)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                self._breaker.withdrawn()
                raise
            self._failed("CancelledError")
        except TimeoutError:
            self._failed(f"no answer within {AUTHENTICATE_S:g} s")
        except BaseException as error:  # noqa: BLE001  whatever it raises is a refusal, and its words may hold a secret
            self._failed(type(error).__name__)
        else:
            self._breaker.succeeded()
            return None if found is None else self._admitted(found)
        raise NotAuthenticated

    def stop(self) -> None:
        """End its loop."""
        if self._loop is not None and not self._loop.stop():
            _log.warning("authenticator_left_behind", plugin=self._loaded.plugin)

    async def _answer(self, credentials: Credentials) -> object:
        authenticator = self._loaded.authenticator
        if self._loop is not None:
            return await self._loop.call(lambda: authenticator.authenticate(credentials), AUTHENTICATE_S)
        async with asyncio.timeout(AUTHENTICATE_S):
            return await authenticator.authenticate(credentials)

    def _admitted(self, found: object) -> Principal:
        """Judge an answer by the rules of tokens. Raises NotAuthenticated."""
        problem = _problem(found) if type(found) is Principal else f"it answered {type(found).__name__}"
        if type(found) is Principal and not problem and found.role not in self._loaded.roles:
            problem = f"it may not give the role {found.role}; an admin allows it with grant_roles"
        if problem or type(found) is not Principal:
            self._tell(problem)
            raise NotAuthenticated
        return found

    def _failed(self, error: str) -> None:
        self._breaker.failed()
        self._tell(error)

    def _tell(self, fault: str) -> None:
        """Report a fault, now and then: each is a record, and who calls decides how many there are."""
        now = self._now()
        if self._told_at is None or now - self._told_at >= _TELL_S:
            self._told_at = now
            self._on_fault(self._loaded.plugin, f"authenticator {self._loaded.authenticator.name}", fault, "refused")


def _problem(given: Principal) -> str:
    """What keeps a principal from being one, in words that repeat nothing of it; empty where nothing does."""
    if type(given.role) is not Role or type(given.subject) is not str or type(given.agents) is not tuple:
        return "it answered a Principal whose parts are of other types"
    collection, _, identifier = given.subject.partition("/")
    try:
        for name in (collection, identifier, *given.agents, *(() if given.channel is None else (given.channel,))):
            check_id("subject", name)
    except (Refusal, TypeError):
        return "it answered a Principal with a name that is none"
    if collection != _COLLECTIONS.get(given.role, collection):
        return f"the subject of {given.role} is `{_COLLECTIONS[given.role]}/ID`"
    if (given.channel is None) == (given.role is Role.ADAPTER) or (given.agents and given.role is not Role.SERVICE):
        return "a channel binds an ADAPTER, and agents narrow a SERVICE"
    return ""

"""kill -9 at any moment: a real server is started, kept busy by several clients and killed, again and again.

A share of the kills is aimed at the engine's failpoints, the others fall where they fall. Clients ask again, under the
same request id, for what they never heard the end of. `kill_checks.py` says what must be true after it all.
"""

import asyncio
from contextlib import closing
from pathlib import Path
from random import Random
from signal import SIGKILL
from time import monotonic
from typing import Final

from hookflash.engine.failpoints import NAMES
from hookflash.engine.journal.sqlite import verify_directory
from hookflash.sdk.client import Client
from hookflash.sdk.client import messages as m
from tests.e2e.server_process import NotStartedError, ServerProcess, start_server
from tests.torture.frame import Plan, Size, Trial, Verdict
from tests.torture.history import History
from tests.torture.kill_checks import OFFER_S, TTL_S, Findings, check_at_the_end, check_replies
from tests.torture.ledger import Ledger
from tests.torture.traffic import AGENTS, CHANNEL, QUEUES, Traffic

__all__ = ["SETTINGS", "TRIAL", "set_up"]

_AIMED_EVERY: Final = 4
_CHAIN_EVERY: Final = 200
"""After so many kills the whole journal is read and its chain of hashes checked, not only at the end."""

_BURST_MAX: Final = 16
_HISTORY: Final = "history.jsonl"
_DEADLINE_S: Final = 20.0
_REPEATED_AFTER_A_RESTART: Final = 20
SETTINGS: Final = {
    "offer_timeout_s": str(OFFER_S),
    "ttl_s": str(TTL_S),
    "reoffer_pause_s": "0.1",
    "disconnect_grace_s": "20",
    "delivery_timeout_s": "600",
    "agent_commands_per_s_max": "100000",
    "customer_commands_per_s_max": "100000",
    "command_burst_max": "100000",
    "transfers_per_conversation_max": "1000",
}
"""Times so short that a run sees their ends, and limits that it never reaches."""


class _Run:
    """One data directory through all lives of its server."""

    def __init__(self, plan: Plan, tokens: dict[str, str], history: History) -> None:
        self.plan = plan
        self.chance = Random(plan.seed)  # noqa: S311  which moment, not which secret
        self.ledger = Ledger(history=history)
        self.traffic = Traffic(self.ledger, plan.seed, tokens, burst_max=_BURST_MAX)
        self.findings = Findings()
        self.aimed = 0

    async def lives(self) -> None:
        """Live and die as often as the plan says."""
        kills = self.plan.count("kills")
        for n in range(1, kills):  # The first start, which only sets up, was killed too.
            await self._live_and_die(n, is_aimed=n % _AIMED_EVERY == 0 and n < kills - 1)
            if n % _CHAIN_EVERY == 0:
                report = await asyncio.to_thread(verify_directory, _data(self.plan))
                self.findings.expect("I13 AUDIT", report.damaged_position is None, f"{report} after kill {n}")
            self.plan.progress(f"{n} of {kills} kills, {self.ledger.acknowledged:,} commands acknowledged")

    async def _live_and_die(self, n: int, *, is_aimed: bool) -> None:
        """One life of the server, from its start to its SIGKILL."""
        # What is missing so far is spread over the lives that are left, so bad luck early is made up for.
        kills, wanted = self.plan.count("kills"), self.plan.count("acknowledged")
        share = max(2, 2 * (wanted - self.ledger.acknowledged) // (kills - n))
        point = f"{self.chance.choice(list(NAMES))}=kill:{self.chance.randint(3, 40)}" if is_aimed else ""
        try:
            server = await asyncio.to_thread(_started, _data(self.plan), point)
        except NotStartedError as error:
            # It went on with what it found, and came to the failpoint before it could listen.
            if not is_aimed or error.code != -SIGKILL:
                raise
            self.aimed += 1
            return
        try:
            async with self.traffic.running(server.address):
                if is_aimed:
                    code = await asyncio.to_thread(server.until_ended)
                    self.findings.expect("failpoint", code == -SIGKILL, f"{point} ended the server with {code}")
                    self.aimed += 1
                    return
                lately = self.ledger.asked[-_REPEATED_AFTER_A_RESTART:]
                await check_replies(self.traffic, server.address, lately, self.findings)
                async with asyncio.timeout(_DEADLINE_S):
                    await self.ledger.until(self.ledger.happened + self.chance.randint(1, share))
                    while n == kills - 1 and self.ledger.acknowledged < wanted:
                        await self.ledger.until(self.ledger.happened + 1)
                server.kill()
        finally:
            if server.process.poll() is None:
                server.kill()

    def verdict(self, took_s: float) -> Verdict:
        """What came of it, all checks done."""
        ledger, kills = self.ledger, self.plan.count("kills")
        self.findings.failures += ledger.violations
        odd = [name for name in ledger.answers if name.endswith(" INTERNAL")]
        self.findings.expect("INTERNAL", not odd, ", ".join(odd))
        self.findings.expect(
            "size",
            ledger.acknowledged >= self.plan.count("acknowledged"),
            f"only {ledger.acknowledged} commands were acknowledged; give it more of them per kill",
        )
        return Verdict(
            figures={
                "kills": kills,
                "of them aimed at a failpoint": self.aimed,
                "commands acknowledged": ledger.acknowledged,
                "refused": sum(ledger.answers.values()) - ledger.acknowledged,
                "asked": len(ledger.asked),
                "replies repeated and compared": self.findings.compared,
                "deliveries": len(ledger.delivered),
                "records": self.findings.records,
                "acknowledged and lost": self.findings.lost,
                "kills a second": kills / took_s,
            },
            failures=self.findings.failures,
        )


def _data(plan: Plan) -> Path:
    return plan.folder / "data"


def _started(data: Path, failpoints: str = "") -> ServerProcess:
    return start_server(data, settings={**SETTINGS, "failpoints": failpoints})


async def set_up(server: ServerProcess) -> dict[str, str]:
    """Apply the centre; the tokens of all its clients."""
    async with Client(server.address, token=server.admin_token.strip()) as admin:
        await admin.apply(
            m.ApplyRequest(
                queues=[m.Queue(name=f"queues/{name}") for name in QUEUES],
                agents=[m.Agent(name=f"agents/{name}", display_name=name.title()) for name in AGENTS],
                channels=[m.Channel(name=CHANNEL, kind="web", is_external=True, queue="queues/billing")],
            )
        )
        wanted = [m.CreateTokenRequest(subject=f"agents/{name}", role=m.Role.ROLE_AGENT) for name in AGENTS]
        wanted.append(m.CreateTokenRequest(subject=CHANNEL, role=m.Role.ROLE_ADAPTER, channel=CHANNEL))
        return {each.subject: (await admin.create_token(each)).token for each in wanted}


async def _killed(plan: Plan) -> Verdict:
    started = monotonic()
    first = await asyncio.to_thread(_started, _data(plan))
    tokens = await set_up(first)
    first.kill()
    with closing(History(plan.folder / _HISTORY)) as history:
        run = _Run(plan, tokens, history)
        await run.lives()
        took_s = monotonic() - started
        plan.progress("all kills are done, checking")
        server = await asyncio.to_thread(_started, _data(plan))
        try:
            await check_at_the_end(server, run.traffic, run.findings)
        finally:
            server.terminate()
    run.findings.examine(_data(plan), plan.folder / _HISTORY)
    return run.verdict(took_s)


TRIAL = Trial(
    name="kill",
    summary="kill -9 of a busy server, again and again: nothing acknowledged is lost, doubled or stuck",
    sizes=(
        Size(name="kills", full=1_000, help="how often the server is killed"),
        Size(name="acknowledged", full=100_000, help="how many commands have to be answered OK"),
    ),
    run=lambda plan: asyncio.run(_killed(plan)),
)

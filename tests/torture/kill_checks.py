"""What must be true of a server that was killed many times, told from what its clients wrote down.

Each check reports and goes on; a failure begins with the promise that is broken.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Final

from hookflash.cli.doctor.examination import examine_directory
from hookflash.sdk.client import Client
from hookflash.sdk.client import messages as m
from tests.e2e.server_process import ServerProcess
from tests.torture.ledger import Asked, Ledger
from tests.torture.traffic import AGENTS, CHANNEL, Traffic

__all__ = ["OFFER_S", "TTL_S", "Findings", "check_at_the_end", "check_replies"]

OFFER_S: Final = 0.4
TTL_S: Final = 2.0
_CANARIES: Final = ("whisper r", "note r")
"""How every whisper and every note of the traffic begins, and nothing else."""

_BUSY_S: Final = 4.0
"""What a busy machine may need on top, for all the questions together."""

_DEADLINE_S: Final = 30.0
_IN_FLIGHT: Final = 16
_OPEN_STATES: Final = (m.InviteState.INVITE_STATE_PARKED, m.InviteState.INVITE_STATE_OFFERED)


@dataclass
class Findings:
    """What the checks have found so far."""

    failures: list[str] = field(default_factory=list)
    compared: int = 0
    lost: int = 0
    records: int = 0

    def expect(self, promise: str, is_kept: object, what: str) -> bool:
        """Take down what is not as promised; the answer is whether it is."""
        if not is_kept:
            self.failures.append(f"{promise}: {what}")
        return bool(is_kept)

    def examine(self, data: Path, history: Path) -> None:
        """Let the checker read journal, views and the clients' history, as `hookflash doctor` does."""
        report = examine_directory(data, [history], _CANARIES, lambda _done, _all: None)
        self.records = report.journal.records
        whole = report.journal.damaged_position is None
        self.expect("I13 AUDIT", whole, f"{report.journal.why} at {report.journal.damaged_position}")
        self.failures += [f"{each.promise}: {each.fact} (at {each.position})" for each in report.violations]
        is_same = report.views is not None and report.views.state == "MATCH" and not report.views.put_aside
        self.expect("I10 REPLAY", is_same, f"the views are not what the journal says: {report.views}")


async def check_at_the_end(server: ServerProcess, traffic: Traffic, findings: Findings) -> None:
    """Everything, against a server whose clients have become quiet."""
    started = monotonic()
    admin = Client(server.address, token=server.admin_token.strip(), timeout_s=_DEADLINE_S)
    async with traffic.running(server.address, is_quiet=True), admin:
        await _check_unknown(traffic, server.address, findings)
        await _check_not_stuck(admin, started, findings)
        await check_replies(traffic, server.address, traffic.ledger.asked, findings)
        await _check_nothing_lost(admin, traffic.ledger, findings)


async def check_replies(traffic: Traffic, address: str, asked: Iterable[Asked], findings: Findings) -> None:
    """Every accepted request still answers, under its request id, with the same bytes."""
    of_subject: dict[str, list[Asked]] = {}
    for each in asked:
        if each.answer is not None:
            of_subject.setdefault(_subject(each), []).append(each)
    for subject, accepted in of_subject.items():
        async with traffic.client(address, subject) as client:
            room = asyncio.Semaphore(_IN_FLIGHT)
            await asyncio.gather(*(_check_reply(traffic.ledger, client, each, room, findings) for each in accepted))


async def _check_reply(
    ledger: Ledger, client: Client, asked: Asked, room: asyncio.Semaphore, findings: Findings
) -> None:
    before = asked.answer
    async with room:
        await ledger.settle(client, asked)
    findings.compared += 1
    is_same = asked.answer == before and not asked.refused
    findings.expect("I2 ONCE", is_same, f"{asked.method} {asked.request} answers otherwise now {asked.refused}")


def _subject(asked: Asked) -> str:
    return f"agents/{asked.actor}" if asked.actor in AGENTS else CHANNEL


async def _check_unknown(traffic: Traffic, address: str, findings: Findings) -> None:
    """What was never answered gets its answer now that faults have stopped."""
    ledger = traffic.ledger
    for asked in [asked for asked in ledger.asked if not asked.is_known]:
        async with traffic.client(address, _subject(asked)) as client:
            await ledger.settle(client, asked)
        findings.expect("I6 NOT-STUCK", asked.is_known, f"{asked.method} {asked.request} gets no answer")


async def _check_not_stuck(admin: Client, started: float, findings: Findings) -> None:
    """Every invite has ended when its time is over, and no agent holds a slot for nothing."""
    wait = m.GetInviteRequest().wait
    wait.FromSeconds(int(TTL_S + OFFER_S) + 5)
    for conversation in await _conversations(admin):
        if conversation.HasField("invite"):
            ended = await admin.get_invite(m.GetInviteRequest(name=conversation.invite.name, wait=wait))
            findings.expect("I6 NOT-STUCK", ended.state not in _OPEN_STATES, f"an invite is still open: {ended}")
    took_s = monotonic() - started
    findings.expect("I8 TIMER", took_s < TTL_S + OFFER_S + 1 + _BUSY_S, f"invites took {took_s:.1f} s to end")
    busy = Counter(
        participant.agent
        for conversation in await _conversations(admin)
        for participant in conversation.participants
        if participant.agent
    )
    for agent in (await admin.list_agents(m.ListAgentsRequest())).agents:
        (chat,) = (domain for domain in agent.domains if domain.media_domain == "chat")
        findings.expect("I9 PARTICIPATION", (chat.active, chat.reserved) == (busy[agent.name], 0), f"{agent}")


async def _check_nothing_lost(admin: Client, ledger: Ledger, findings: Findings) -> None:
    """What was said is there, each once and in its place; what went out is what the customer sees."""
    said: Counter[str] = Counter()
    for conversation in await _conversations(admin):
        said.update(await _timeline(admin, conversation.name, findings))
        await _check_customers_side(admin, ledger, conversation.name, findings)
    for asked in ledger.accepted("send_message", "whisper", "receive"):
        if not (isinstance(asked.request, m.ReceiveRequest) and asked.request.customer_left):
            is_there = findings.expect("I1 DURABLE", said[asked.request.text], f"{asked.request} was lost")
            findings.lost += not is_there
    doubled = [text for text, count in said.items() if count > 1]
    findings.expect("I2 ONCE", not doubled, f"said more than once: {doubled[:5]}")
    for asked in ledger.accepted("transfer", "conference"):
        answered = m.Invite.FromString(asked.answer or b"")
        found = await admin.get_invite(m.GetInviteRequest(name=answered.name))
        is_same = (found.kind, found.note, found.requester) == (answered.kind, answered.note, answered.requester)
        findings.lost += not findings.expect("I1 DURABLE", is_same, f"{answered.name} is another invite now")


async def _conversations(admin: Client) -> list[m.Conversation]:
    found: list[m.Conversation] = []
    request = m.ListConversationsRequest(page_size=500)
    while True:
        page = await admin.list_conversations(request)
        found += page.conversations
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token


async def _timeline(admin: Client, name: str, findings: Findings) -> list[str]:
    texts, numbers = [], []
    request = m.ListTimelineRequest(name=name, page_size=1_000)
    while True:
        page = await admin.list_timeline(request)
        for entry in page.entries:
            numbers.append(entry.sequence)
            texts += [each.text for each in (entry.message, entry.whisper) if each.text]
        if not page.next_page_token:
            findings.expect("I10 REPLAY", numbers == sorted(set(numbers)), f"{name}'s timeline is out of order")
            return texts
        request.page_token = page.next_page_token


async def _check_customers_side(admin: Client, ledger: Ledger, name: str, findings: Findings) -> None:
    entries: list[m.TranscriptEntry] = []
    request = m.GetTranscriptRequest(name=name, page_size=1_000)
    while True:
        page = await admin.get_transcript(request)
        entries += page.entries
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    is_gapless = [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
    findings.expect("I3 DELIVERY", is_gapless, f"{name}'s transcript has a hole")
    outward = [entry.message.text or entry.notice.text for entry in entries if entry.message.sender != "customer"]
    wanted = [(name, number) for number in range(1, len(outward) + 1)]
    while missing := [key for key in wanted if key not in ledger.by_number]:
        try:
            async with asyncio.timeout(_DEADLINE_S):  # As long as deliveries come, this one may still come.
                await ledger.until(ledger.happened + 1)
        except TimeoutError:
            findings.expect("I3 DELIVERY", not missing, f"never delivered: {missing[:5]}")
            return
    got = [ledger.delivered[ledger.by_number[key]] for key in wanted]
    heard = [each.message.text or each.notice.text for each in got]
    findings.expect("I3 DELIVERY", heard == outward, f"{name}'s customer heard otherwise than the transcript says")
    findings.expect("I3 DELIVERY", (name, len(outward) + 1) not in ledger.by_number, f"{name}: one delivery too many")
    leaked = [text for text in outward if "whisper" in text or "note" in text]
    findings.expect("I7 WHISPER", not leaked, f"{name}'s customer heard {leaked}")

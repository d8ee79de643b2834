"""A server that is killed again and again under traffic loses nothing it acknowledged, and nothing stays stuck."""

import asyncio
from collections import Counter
from pathlib import Path
from random import Random
from signal import SIGKILL
from time import monotonic

import pytest

from hookflash.engine.failpoints import NAMES
from hookflash.engine.journal.sqlite import SqliteJournal
from hookflash.sdk.client import Client
from hookflash.sdk.client import messages as m

from .ledger import Ledger, encoded
from .server_process import ServerProcess, start_server
from .traffic import AGENTS, CHANNEL, QUEUES, Traffic

KILLS = 52
AIMED_EVERY = 4
"""Each fourth kill is aimed at a failpoint of the journal, the others fall where they fall."""

OFFER_S, TTL_S, GRACE_S = 0.4, 2.0, 20.0
SETTINGS = {
    "offer_timeout_s": str(OFFER_S),
    "ttl_s": str(TTL_S),
    "reoffer_pause_s": "0.1",
    "disconnect_grace_s": str(GRACE_S),
    "delivery_timeout_s": "600",
    "agent_commands_per_s_max": "100000",
    "customer_commands_per_s_max": "100000",
    "command_burst_max": "100000",
    "transfers_per_conversation_max": "1000",
}
BUSY_S = 4.0
"""What a busy machine may need on top, for all the questions together."""

_DEADLINE_S = 20.0


def _started(data: Path, failpoints: str = "") -> ServerProcess:
    return start_server(data, settings={**SETTINGS, "failpoints": failpoints})


async def _set_up(server: ServerProcess) -> dict[str, str]:
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


async def _live_and_die(data: Path, traffic: Traffic, chance: Random, *, is_aimed: bool) -> None:
    """One life of the server, from its start to its SIGKILL."""
    point = f"{chance.choice(list(NAMES))}=kill:{chance.randint(3, 40)}" if is_aimed else ""
    server = await asyncio.to_thread(_started, data, point)
    try:
        async with traffic.running(server.address):
            if is_aimed:
                assert await asyncio.to_thread(server.until_ended) == -SIGKILL
                return
            async with asyncio.timeout(_DEADLINE_S):
                await traffic.ledger.until(traffic.ledger.happened + chance.randint(1, 160))
            server.kill()
    finally:
        if server.process.poll() is None:
            server.kill()


@pytest.mark.slow
@pytest.mark.spec("I1", "I2", "I3", "I6", "I10", "A-31", "R-G8", "R-O9", "F-05", "F-12", "F-22")
async def test_kill_9_at_any_moment_loses_nothing_acknowledged_and_leaves_nothing_stuck(tmp_path: Path) -> None:
    data, chance, ledger = tmp_path / "data", Random(9), Ledger()  # noqa: S311  which moment, not which secret
    first = await asyncio.to_thread(_started, data)
    traffic = Traffic(ledger, 9, await _set_up(first))
    first.kill()
    for n in range(1, KILLS):
        await _live_and_die(data, traffic, chance, is_aimed=n % AIMED_EVERY == 0)
    server = await asyncio.to_thread(_started, data)
    try:
        started = monotonic()
        admin = Client(server.address, token=server.admin_token.strip(), timeout_s=_DEADLINE_S)
        async with traffic.running(server.address, is_quiet=True), admin:
            await _nothing_is_stuck(admin, started)
            await _every_answer_is_the_same(traffic, server.address)
            await _nothing_acknowledged_is_lost(admin, ledger)
    finally:
        server.terminate()
    assert ledger.violations == []
    assert not any(each.endswith(" INTERNAL") for each in ledger.answers), ledger.summary()
    for method in ("send_message", "whisper", "transfer", "conference", "accept_offer", "receive"):
        assert ledger.answers[method] > KILLS / 2, ledger.summary()
    journal = SqliteJournal.open(data)
    assert journal.verify().records == journal.tail().position
    journal.close()


async def _conversations(admin: Client) -> list[m.Conversation]:
    found: list[m.Conversation] = []
    request = m.ListConversationsRequest(page_size=500)
    while True:
        page = await admin.list_conversations(request)
        found += page.conversations
        if not page.next_page_token:
            return found
        request.page_token = page.next_page_token


async def _nothing_is_stuck(admin: Client, started: float) -> None:
    """Every invite has ended when its time is over, and no agent holds a slot for nothing."""
    wait = m.GetInviteRequest().wait
    wait.FromSeconds(int(TTL_S + OFFER_S) + 5)
    for conversation in await _conversations(admin):
        if conversation.HasField("invite"):
            ended = await admin.get_invite(m.GetInviteRequest(name=conversation.invite.name, wait=wait))
            assert ended.state not in (m.InviteState.INVITE_STATE_PARKED, m.InviteState.INVITE_STATE_OFFERED), ended
    assert monotonic() - started < TTL_S + OFFER_S + 1 + BUSY_S
    busy = Counter(
        participant.agent
        for conversation in await _conversations(admin)
        for participant in conversation.participants
        if participant.agent
    )
    for agent in (await admin.list_agents(m.ListAgentsRequest())).agents:
        (chat,) = (domain for domain in agent.domains if domain.media_domain == "chat")
        assert chat.state != m.AgentState.AGENT_STATE_RESERVED
        assert (chat.active, chat.reserved) == (busy[agent.name], 0), agent


async def _every_answer_is_the_same(traffic: Traffic, address: str) -> None:
    """Every accepted request id still answers with the same bytes."""
    for subject in (*(f"agents/{name}" for name in AGENTS), CHANNEL):
        async with traffic.client(address, subject) as client:
            for asked in traffic.ledger.asked:
                owner = f"agents/{asked.actor}" if asked.actor in AGENTS else CHANNEL
                if owner != subject or asked.answer is None:
                    continue
                again = await getattr(client, asked.method)(asked.request)
                if isinstance(again, m.ReceiveResponse):
                    again.duplicate = m.ReceiveResponse.FromString(asked.answer).duplicate
                assert encoded(again) == asked.answer, (asked.method, asked.request)


async def _nothing_acknowledged_is_lost(admin: Client, ledger: Ledger) -> None:
    """What was said is there, each once and in its place; what went out is what the customer sees."""
    said: Counter[str] = Counter()
    for conversation in await _conversations(admin):
        said.update(await _timeline(admin, conversation.name))
        await _customers_side_is_whole(admin, ledger, conversation.name)
    for asked in ledger.accepted("send_message", "whisper", "receive"):
        if not (isinstance(asked.request, m.ReceiveRequest) and asked.request.customer_left):
            assert said[asked.request.text] == 1, asked
    assert [text for text, count in said.items() if count > 1] == []
    for asked in ledger.accepted("transfer", "conference"):
        answered = m.Invite.FromString(asked.answer or b"")
        found = await admin.get_invite(m.GetInviteRequest(name=answered.name))
        assert (found.kind, found.note, found.requester) == (answered.kind, answered.note, answered.requester)


async def _timeline(admin: Client, name: str) -> list[str]:
    texts, numbers = [], []
    request = m.ListTimelineRequest(name=name, page_size=1_000)
    while True:
        page = await admin.list_timeline(request)
        for entry in page.entries:
            numbers.append(entry.sequence)
            texts += [each.text for each in (entry.message, entry.whisper) if each.text]
        if not page.next_page_token:
            assert numbers == sorted(set(numbers))
            return texts
        request.page_token = page.next_page_token


async def _customers_side_is_whole(admin: Client, ledger: Ledger, name: str) -> None:
    entries: list[m.TranscriptEntry] = []
    request = m.GetTranscriptRequest(name=name, page_size=1_000)
    while True:
        page = await admin.get_transcript(request)
        entries += page.entries
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
    outward = [entry.message.text or entry.notice.text for entry in entries if entry.message.sender != "customer"]
    async with asyncio.timeout(_DEADLINE_S):
        while (name, len(outward)) not in ledger.by_number and outward:
            await ledger.until(ledger.happened + 1)
    got = [ledger.delivered[ledger.by_number[name, n]] for n in range(1, len(outward) + 1)]
    assert [each.message.text or each.notice.text for each in got] == outward
    assert (name, len(outward) + 1) not in ledger.by_number
    assert not any("whisper" in text or "note" in text for text in outward)

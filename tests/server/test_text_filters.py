"""Text filters at the edge: a text is recorded as they leave it, and a bad one lets nothing slip out."""

import asyncio
from pathlib import Path

import pytest

from hookflash.engine.journal import codec
from hookflash.engine.journal.groups import records_of
from hookflash.engine.journal.memory import MemoryStore
from hookflash.engine.settings import PluginSettings
from hookflash.sdk.types import Role
from hookflash.v1 import message_pb2
from tests.server.filtering import GATE, HAS_LEFT, INSIDE, LEFT, SECRET_WORD, SINK, with_filters
from tests.server.serving import BILLING, Client, Refused, Serving, serving

NAME = "conversations/42"
SAID = f"the word is {SECRET_WORD}"
REDACTS = ("redacts", f"return Redacted(text.replace('{SECRET_WORD}', '***')) if '{SECRET_WORD}' in text else Passed()")
BLOCKS = ("blocks", f"return Blocked('it holds the word') if '{SECRET_WORD}' in text else Passed()")
NEIGHBOUR = ("neighbour", "return Redacted(text + '!') if not text.endswith('!') else Passed()")
BAD = {
    "raises": "raise ValueError(text)",
    "exits": "raise SystemExit(text)",
    "base": "raise BaseException(text)",
    "rubbish": "return text",
    "coroutine": "return later()",
    "empties": "return Redacted('')",
    "half": "return Redacted(None)",
}


def _journal(store: MemoryStore) -> bytes:
    """Everything that is recorded, as bytes."""
    return b"".join(codec.encode(record, codec.GENESIS)[0] for record in records_of(store.groups, 0, None))


async def _attended(served: Serving, *agents: str) -> list[Client]:
    """Agents in one conversation, in conference."""
    await served.site(*agents)
    clients = [await served.agent(name) for name in agents]
    for n, client in enumerate(clients):
        async with client.stream("AgentService/Attach") as desk:
            await desk.until("welcome")
            await served.ready(client)
            if n == 0:
                await served.opened("42")
            else:
                await clients[0].call("ConversationService/Conference", name=NAME, target=BILLING)
            made = await desk.until("offer_made")
            await client.call("AgentService/AcceptOffer", name=made.offer.name)
    return clients


async def _refusal(client: Client, path: str, **fields: object) -> Refused:
    with pytest.raises(Refused) as refused:
        await client.call(f"ConversationService/{path}", **fields)
    return refused.value


async def _receive(served: Serving, text: str, external_id: str, address: str = "customer 42") -> object:
    adapter = await served.client(Role.ADAPTER, "channels/web", channel="web")
    return await adapter.call(
        "ChannelService/Receive", channel="channels/web", address=address, external_id=external_id, text=text
    )


async def _timeline(served: Serving) -> list[message_pb2.Message]:
    answer = await served.admin.call("ConversationService/ListTimeline", name=NAME)
    return [entry.message for entry in answer.entries if entry.WhichOneof("entry") == "message"]


async def test_every_text_is_recorded_as_the_filters_leave_it(tmp_path: Path) -> None:
    store, plugins = MemoryStore(), with_filters(tmp_path / "plugins", REDACTS)
    async with serving(tmp_path, store=store, plugins=plugins) as served:
        ann, bob = await _attended(served, "ann", "bob")
        said = await ann.call("ConversationService/SendMessage", name=NAME, text=SAID)
        whispered = await ann.call("ConversationService/Whisper", name=NAME, text=SAID)
        await _receive(served, SAID, "m1")
        placed = await bob.call("ConversationService/Conference", name=NAME, target=BILLING, note=SAID)
        assert {said.text, whispered.text, placed.note} == {"the word is ***"}
        ours, theirs = await _timeline(served)
        assert (ours.text, ours.filtering) == ("the word is ***", message_pb2.FILTERING_UNSPECIFIED)
        assert (theirs.text, theirs.filtering) == ("the word is ***", message_pb2.FILTERING_REDACTED)
        transcript = await served.admin.call("ConversationService/GetTranscript", name=NAME)
        shown = [entry.message for entry in transcript.entries if entry.WhichOneof("entry") == "message"]
        assert [message.filtering for message in shown] == [message_pb2.FILTERING_UNSPECIFIED] * 2
        assert SECRET_WORD.encode() not in _journal(store)


async def test_a_blocked_text_is_refused_and_is_nowhere_in_the_journal(tmp_path: Path) -> None:
    store, plugins = MemoryStore(), with_filters(tmp_path / "plugins", BLOCKS)
    async with serving(tmp_path, store=store, plugins=plugins) as served:
        ann, _ = await _attended(served, "ann", "bob")
        before = await served.admin.call("ConversationService/GetConversation", name=NAME)
        for path, field, more in (
            ("SendMessage", "text", {}),
            ("Whisper", "text", {}),
            ("Transfer", "note", {"target": BILLING}),
            ("Conference", "note", {"target": BILLING}),
        ):
            refused = await _refusal(ann, path, name=NAME, request_id="r", **{field: SAID}, **more)
            assert (refused.code, refused.reason) == ("INVALID_ARGUMENT", "TEXT_BLOCKED")
            assert refused.bad_request is not None
            assert refused.bad_request.field_violations[0].field == field
            assert "it holds the word" in refused.sentence
            assert SECRET_WORD not in refused.sentence
        assert await served.admin.call("ConversationService/GetConversation", name=NAME) == before
        await _receive(served, SAID, "m1")
        (withheld,) = await _timeline(served)
        assert withheld.text == "(withheld by a text filter)"
        assert withheld.filtering == message_pb2.FILTERING_WITHHELD
        assert SECRET_WORD.encode() not in _journal(store)


@pytest.mark.spec("R-G8")
async def test_a_repeat_is_known_by_what_the_caller_sent_whatever_the_filters_say_by_now(tmp_path: Path) -> None:
    moody = ("moody", "import os; return Blocked('now') if os.path.exists('{}') else Redacted(text[::-1])")
    sign = tmp_path / "now"
    plugins = with_filters(tmp_path / "plugins", (moody[0], moody[1].format(sign)))
    async with serving(tmp_path, plugins=plugins) as served:
        (ann,) = await _attended(served, "ann")
        first = await ann.call("ConversationService/SendMessage", name=NAME, text="abc", request_id="r1")
        assert first.text == "cba"
        assert await ann.call("ConversationService/SendMessage", name=NAME, text="abc", request_id="r1") == first
        sign.touch()
        assert await ann.call("ConversationService/SendMessage", name=NAME, text="abc", request_id="r1") == first
        assert (
            await _refusal(ann, "SendMessage", name=NAME, text="cba", request_id="r1")
        ).reason == "REQUEST_ID_REUSED"
        assert (await _refusal(ann, "SendMessage", name=NAME, text="abc", request_id="r2")).reason == "TEXT_BLOCKED"


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
async def test_a_filter_that_fails_lets_nothing_out_and_lets_a_customer_in_with_a_flag(
    body: str, tmp_path: Path
) -> None:
    store = MemoryStore()
    plugins = with_filters(tmp_path / "plugins", ("bad", body), NEIGHBOUR)
    async with serving(tmp_path, store=store, plugins=plugins) as served:
        await served.site()
        await _receive(served, f"{SAID} 1", "m1")
        listed = await served.admin.call("ConversationService/ListConversations")
        name = listed.conversations[0].name
        answer = await served.admin.call("ConversationService/ListTimeline", name=name)
        message = answer.entries[0].message
        assert (message.text, message.filtering) == (f"{SAID} 1!", message_pb2.FILTERING_UNFILTERED)
        transcript = await served.admin.call("ConversationService/GetTranscript", name=name)
        assert {entry.message.text or entry.notice.text for entry in transcript.entries} == {
            "(withheld by a text filter)"
        }
        # Three faults so far at most, so its breaker may be open: closed or open, nothing goes out.
        for path in ("SendMessage", "Whisper"):
            assert (await _refusal(served.admin, path, name=name, agent="agents/ann", text=SAID)).reason == (
                "TEXT_BLOCKED"
            )
        faults = [fault for fault in served.engine.plugins.plugins if fault.name == "bad"]
        assert faults[0].faults > 0
        assert served.engine.plugins.guard.faults[("neighbour", "filter neighbour apply")] == 0
    recorded = [
        fact.event
        for record in records_of(store.groups, 0, None)
        for fact in record.facts
        if "Fault" in type(fact.event).__name__
    ]
    assert recorded
    assert SECRET_WORD not in repr(recorded)


async def test_a_filter_that_blocks_for_ever_costs_50_ms_once_and_then_only_its_texts(tmp_path: Path) -> None:
    GATE.clear()
    INSIDE.clear()
    plugins = with_filters(tmp_path / "plugins", ("hangs", "INSIDE.set(); GATE.wait(10); return Passed()"))
    async with serving(tmp_path, plugins=plugins) as served:
        (ann,) = await _attended(served, "ann")
        first = asyncio.ensure_future(_refusal(ann, "SendMessage", name=NAME, text="hello"))
        assert await asyncio.to_thread(INSIDE.wait, 10)
        served.clock.advance(0.051)
        assert (await first).reason == "TEXT_BLOCKED"
        assert (await _refusal(ann, "SendMessage", name=NAME, text="hello")).reason == "TEXT_BLOCKED"
        await ann.call("ConversationService/Leave", name=NAME)
        GATE.set()


@pytest.mark.parametrize(
    ("body", "left"),
    [(REDACTS[1], "the word is ***"), ("raise ValueError(text)", "(withheld by a text filter)")],
)
async def test_what_a_sink_for_customers_is_given_goes_through_the_export_filters(
    body: str, left: str, tmp_path: Path
) -> None:
    LEFT.clear()
    HAS_LEFT.clear()
    plugins = with_filters(tmp_path / "plugins", ("mine", body), stages=("export",))
    (tmp_path / "plugins" / "sinking.py").write_text(SINK, encoding="utf-8")
    async with serving(tmp_path, plugins=plugins) as served:
        await served.site()
        await _receive(served, SAID, "m1")
        assert await asyncio.to_thread(HAS_LEFT.wait, 20)
        assert [left] == LEFT


async def test_what_goes_with_a_text_is_filtered_as_it_would_be_recorded(tmp_path: Path) -> None:
    async with serving(tmp_path, plugins=with_filters(tmp_path / "plugins", BLOCKS)) as served:
        (ann,) = await _attended(served, "ann")
        broken = f"{SECRET_WORD[:2]}\x00{SECRET_WORD[2:]}"
        template = message_pb2.MessageTemplate(name="x", language="en", values=[broken])
        choices = [message_pb2.MessageChoice(id="1", title=broken)]
        for beside in ({"template": template}, {"choices": choices}):
            assert (await _refusal(ann, "SendMessage", name=NAME, text="fine", **beside)).reason == "TEXT_BLOCKED"


async def test_the_bundled_filter_redacts_where_its_settings_say_so(tmp_path: Path) -> None:
    plugins = PluginSettings(tables={"pii": {"stages": "outbound export", "mail": "block"}})
    async with serving(tmp_path, plugins=plugins) as served:
        (ann,) = await _attended(served, "ann")
        said = await ann.call("ConversationService/SendMessage", name=NAME, text="pay 4111 1111 1111 1111")
        assert said.text == "pay [card]"
        refused = await _refusal(ann, "SendMessage", name=NAME, text="write to carl@example.com")
        assert "it holds a mail address" in refused.sentence
        await _receive(served, "mine is 5555555555554444", "m1")
        assert (await _timeline(served))[1].text == "mine is 5555555555554444"
        transcript = await served.admin.call("ConversationService/GetTranscript", name=NAME)
        texts = [entry.message.text for entry in transcript.entries if entry.WhichOneof("entry") == "message"]
        assert texts == ["pay [card]", "mine is [card]"]

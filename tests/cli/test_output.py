"""What goes to stdout: tables for people, the API's JSON for programs."""

# ruff: noqa: S106  none of these is a secret of anything

import json

import pytest
import yaml

from hookflash.cli.text import duration_s, ordinal, plain, shown_duration
from hookflash.sdk.client import messages as m
from tests.cli.command import Command, silent_address
from tests.cli.fake_server import FakeServer, RefusedError

BILLING = m.Queue(
    name="queues/billing",
    display_name="Billing",
    media_domain="chat",
    stats=m.QueueStats(ready=2, active=1, available=3, waiting=4),
)
GERMAN = m.Queue(name="queues/german", display_name="Deutsch", media_domain="chat", stats=m.QueueStats())


@pytest.fixture
def queues(local: FakeServer) -> FakeServer:
    BILLING.ttl.FromSeconds(600)
    local.answers["ListQueues"] = lambda _request, _context: m.ListQueuesResponse(queues=[BILLING, GERMAN])
    return local


@pytest.mark.spec("R-G3")
def test_a_table_shows_every_queue_with_its_available_count(command: Command, queues: FakeServer) -> None:
    lines = command("queue", "list").out.splitlines()
    assert [line.split() for line in lines[1:]] == [
        ["billing", "Billing", "chat", "3", "2", "1", "4"],
        ["german", "Deutsch", "chat", "0", "0", "0", "0"],
    ]
    assert lines[0].split()[:4] == ["QUEUE", "NAME", "DOMAIN", "AVAILABLE"]
    assert all(line == line.rstrip() for line in lines)
    assert queues.requests("ListQueues")


def test_wide_shows_more_than_table(command: Command, queues: FakeServer) -> None:
    assert "10 min 0 s" in command("queue", "list", "-o", "wide").out
    assert "10 min 0 s" not in command("queue", "list").out
    assert queues.calls


def test_json_is_the_proto_json_of_the_answer(command: Command, queues: FakeServer) -> None:
    found = json.loads(command("queue", "list", "-o", "json").out)
    assert found["queues"][0]["displayName"] == "Billing"
    assert found["queues"][0]["ttl"] == "600s"
    assert yaml.safe_load(command("queue", "list", "-o", "yaml").out) == found
    lines = command("queue", "list", "-o", "jsonl").out.splitlines()
    assert [json.loads(line) for line in lines] == found["queues"]
    assert queues.calls


def test_name_prints_whole_names_for_other_commands(command: Command, queues: FakeServer) -> None:
    assert command("queue", "list", "-o", "name").out == "queues/billing\nqueues/german\n"
    assert queues.calls


def test_the_global_options_may_stand_before_or_behind(command: Command, queues: FakeServer) -> None:
    before, behind = command("-o", "name", "queue", "list"), command("queue", "list", "-o", "name")
    assert before.out == behind.out == "queues/billing\nqueues/german\n"
    assert command("-o", "json", "queue", "list", "-o", "name").out == behind.out
    assert queues.calls


def test_colours_are_for_terminals_unless_asked_for_and_the_word_is_always_there(
    command: Command, local: FakeServer
) -> None:
    agent = m.Agent(
        name="agents/ann",
        domains=[m.AgentDomain(media_domain="chat", state=m.AgentState.AGENT_STATE_READY, capacity=3)],
    )
    local.answers["GetAgent"] = lambda _request, _context: agent
    uncoloured, coloured = command("agent", "get", "ann"), command("agent", "get", "ann", "--color", "always")
    assert "READY" in uncoloured.out
    assert "\x1b[" not in uncoloured.out
    assert "\x1b[32mREADY" in coloured.out


def test_what_customers_write_cannot_steer_the_terminal(command: Command, local: FakeServer) -> None:
    conversation = m.Conversation(
        name="conversations/42", customer=m.Customer(display_name="Kim\x1b]0;pwned\x07\u202e")
    )
    local.answers["GetConversation"] = lambda _request, _context: conversation
    out = command("conversation", "get", "42").out
    assert "Kim\\u001b]0;pwned\\u0007\\u202e" in out
    assert "\x1b" not in out


def test_a_timeline_tells_whispers_from_messages_by_a_word(command: Command, local: FakeServer) -> None:
    entries = [
        m.TimelineEntry(
            sequence=1, message=m.Message(sender="customer", text="hello", filtering=m.Filtering.FILTERING_UNFILTERED)
        ),
        m.TimelineEntry(sequence=2, whisper=m.Whisper(sender="agents/ann", text="he is angry")),
        m.TimelineEntry(sequence=3, notice=m.Notice(text="Bob has left")),
        m.TimelineEntry(
            sequence=4,
            invite_changed=m.InviteChanged(
                agent="agents/bob",
                invite=m.Invite(
                    kind=m.InviteKind.INVITE_KIND_TRANSFER,
                    state=m.InviteState.INVITE_STATE_OFFERED,
                    target=m.Target(queue="queues/billing"),
                    attempts=2,
                ),
            ),
        ),
    ]
    local.answers["ListTimeline"] = lambda _request, _context: m.ListTimelineResponse(entries=entries)
    assert command("conversation", "timeline", "42", "--as", "ann").out.splitlines() == [
        "--:--:--  customer: hello  (UNFILTERED)",
        "--:--:--  whisper  ann: he is angry",
        "--:--:--  * Bob has left",
        "--:--:--  ~ transfer to queue:billing OFFERED to bob (2nd agent)",
    ]
    assert local.requests("ListTimeline")[0].agent == "agents/ann"


def test_an_agents_own_token_follows_a_conversation_without_reading_events(
    command: Command, local: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_request: object, _context: object) -> None:
        raise RefusedError("PERMISSION_DENIED", "ROLE_NOT_ALLOWED")

    states = [m.ConversationState.CONVERSATION_STATE_ACTIVE, m.ConversationState.CONVERSATION_STATE_CLOSED]
    pages = [[1, 2], [2, 3]]
    monkeypatch.setattr("hookflash.cli.reading._POLL_S", 0.0)
    local.answers["Watch"] = refuse
    local.answers["GetConversation"] = lambda _request, _context: m.Conversation(state=states.pop(0))
    local.answers["ListTimeline"] = lambda _request, _context: m.ListTimelineResponse(
        entries=[m.TimelineEntry(sequence=each, notice=m.Notice(text=f"n{each}")) for each in pages.pop(0)]
    )
    done = command("conversation", "watch", "42", "-o", "name")
    assert (done.code, done.out) == (0, "1\n2\n3\n")
    assert [request.page_token for request in local.requests("ListTimeline")] == ["", "2"]


def test_programs_get_the_transcript_as_the_api_has_it(command: Command, local: FakeServer) -> None:
    answer = m.GetTranscriptResponse(
        entries=[
            m.TranscriptEntry(sequence=1, message=m.Message(sender="agents/ann", text="hello")),
            m.TranscriptEntry(sequence=2, notice=m.Notice(text="Ann has left")),
        ]
    )
    local.answers["GetTranscript"] = lambda _request, _context: answer
    assert json.loads(command("conversation", "transcript", "42", "-o", "json").out) == {
        "entries": [
            {"sequence": "1", "message": {"sender": "agents/ann", "text": "hello"}},
            {"sequence": "2", "notice": {"text": "Ann has left"}},
        ]
    }
    assert command("conversation", "transcript", "42").out == "--:--:--  ann: hello\n--:--:--  * Ann has left\n"


def test_a_text_may_come_from_standard_input(command: Command, local: FakeServer) -> None:
    local.answers["SendMessage"] = lambda _request, _context: m.Message(name="conversations/42/messages/1")
    local.answers["Whisper"] = lambda _request, _context: m.Whisper(name="conversations/42/whispers/1")
    assert command("conversation", "send", "42", "-", "--as", "ann", typed="two\nlines\n").code == 0
    assert command("conversation", "whisper", "conversations/42", "psst", "--as", "agents/ann").code == 0
    sent, whispered = local.requests("SendMessage")[0], local.requests("Whisper")[0]
    assert (sent.name, sent.agent, sent.text) == ("conversations/42", "agents/ann", "two\nlines")
    assert (whispered.name, whispered.agent, whispered.text) == ("conversations/42", "agents/ann", "psst")


def test_a_medium_is_sent_by_its_url_and_shown_with_it(command: Command, local: FakeServer) -> None:
    local.answers["SendMessage"] = lambda _request, _context: m.Message(name="conversations/42/messages/1")
    url = "https://files.example/bill%201042.pdf?sig=x"
    assert command("conversation", "send", "42", "--media", url, "--as", "ann").code == 0
    assert command("conversation", "send", "42", "Your bill", "--media", "https://[", "--as", "ann").code == 0
    alone, captioned = local.requests("SendMessage")
    bill = m.MessageMedia(url=url, mime_type="application/pdf", name="bill 1042.pdf")
    assert (alone.text, alone.media) == ("", bill)
    assert (captioned.text, captioned.media) == ("Your bill", m.MessageMedia(url="https://["))
    neither = command("conversation", "send", "42", "--as", "ann")
    assert (neither.code, "Missing argument 'TEXT'" in neither.err) == (2, True)
    bill.kind = m.MediaKind.MEDIA_KIND_FILE
    said = m.Message(sender="agents/ann", text="Your bill", media=bill)
    answer = m.GetTranscriptResponse(entries=[m.TranscriptEntry(sequence=1, message=said)])
    local.answers["GetTranscript"] = lambda _request, _context: answer
    assert command("conversation", "transcript", "42").out == f"--:--:--  ann: Your bill (file) {url}\n"


def test_a_transfer_carries_all_that_was_given(command: Command, local: FakeServer) -> None:
    local.answers["Transfer"] = lambda _request, _context: m.Invite(name="conversations/42/invites/1")
    done = command(
        "conversation", "transfer", "42", "--to", "agent:bob", "--as", "ann", "--ttl", "2m", "--priority", "7",
        "--etag", "e1", "--note", "wants a refund", "-o", "name",
    )  # fmt: skip
    assert done.out == "conversations/42/invites/1\n"
    request = local.requests("Transfer")[0]
    request.ClearField("request_id")
    expected = m.TransferRequest(
        name="conversations/42", agent="agents/ann", target=m.Target(agent="agents/bob"), note="wants a refund",
        priority=7, etag="e1",
    )  # fmt: skip
    expected.ttl.FromSeconds(120)
    assert request == expected


def test_a_transfer_without_a_note_says_that_there_is_none(command: Command, local: FakeServer) -> None:
    local.answers["Transfer"] = lambda _request, _context: m.Invite()
    command("conversation", "transfer", "42", "--to", "queue:billing")
    request = local.requests("Transfer")[0]
    assert not request.HasField("note")
    assert not request.HasField("priority")
    assert not request.HasField("ttl")


def test_long_lists_are_read_page_by_page(command: Command, local: FakeServer) -> None:
    def page(request: m.ListAgentsRequest, _context: object) -> m.ListAgentsResponse:
        number = int(request.page_token or 0)
        return m.ListAgentsResponse(
            agents=[m.Agent(name=f"agents/a{number}")], next_page_token=str(number + 1) if number < 2 else ""
        )

    local.answers["ListAgents"] = page
    assert command("agent", "list", "-o", "name").out == "agents/a0\nagents/a1\nagents/a2\n"


def test_a_list_that_is_cut_says_so_on_stderr(command: Command, local: FakeServer) -> None:
    local.answers["ListConversations"] = lambda request, _context: m.ListConversationsResponse(
        conversations=[m.Conversation(name=f"conversations/{n}") for n in range(request.page_size)], next_page_token="x"
    )
    done = command("conversation", "list", "--limit", "2", "-o", "name")
    assert done.out == "conversations/0\nconversations/1\n"
    assert "There are more" in done.err
    assert command("-q", "conversation", "list", "--limit", "2").err == ""


def test_streams_print_a_line_of_json_for_each_item(command: Command, local: FakeServer) -> None:
    local.answers["Watch"] = lambda _request, _context: iter(
        [m.WatchResponse(position=1), m.WatchResponse(events=[m.Event(position=2), m.Event(position=3)], position=3)]
    )
    out = command("events", "watch", "--from-start", "-o", "json").out
    assert [json.loads(line)["position"] for line in out.splitlines()] == ["2", "3"]
    table = command("events", "watch").out.splitlines()
    assert [line.split()[0] for line in table] == ["POSITION", "2.0", "3.0"]


def test_status_shows_what_an_admin_looks_for(command: Command, local: FakeServer) -> None:
    failed = m.Plugin(name="nlp", state=m.PluginState.PLUGIN_STATE_FAILED, reason="ImportError")
    loaded = m.Plugin(name="console", state=m.PluginState.PLUGIN_STATE_LOADED)
    server = m.Server(
        version="0.1.0", position=17, journal_bytes=1536, projector_lag=2, plugins=[loaded, failed], warnings=["Disk."],
        data="/var/lib/hookflash", front_restarts=2, views_restarts=1,
    )  # fmt: skip
    server.uptime.FromSeconds(3700)
    server.channels.add(name="channels/web").status.state = m.ChannelState.CHANNEL_STATE_RUNNING
    paused = server.channels.add(name="channels/sms").status
    paused.state, paused.reason = m.ChannelState.CHANNEL_STATE_PAUSED, "Nothing is sent."
    local.answers["GetServer"] = lambda _request, _context: server
    assert command("status").out.splitlines() == [
        f"server        {local.address}",
        "version       0.1.0",
        "up for        1 h 1 min",
        "data          /var/lib/hookflash",
        "position      17",
        "journal       1.5 KiB",
        "views behind  2 records",
        "plugins       1 loaded, 1 failed",
        "channels      1 in order, 1 not",
        "not in order  sms: PAUSED. Nothing is sent.",
        "restarted     the process that speaks gRPC, 2 times since the start",
        "restarted     the process that writes the views, 1 time since the start",
        "warning       Disk.",
    ]


def test_channels_are_shown_with_how_they_are_doing(command: Command, local: FakeServer) -> None:
    server = m.Server()
    served = server.channels.add(name="channels/web", kind="webchat", queue="queues/sales", media_domain="chat")
    served.status.state = m.ChannelState.CHANNEL_STATE_FAILED
    served.status.reason = "Its adapter did not start: ValueError."
    outside = server.channels.add(name="channels/sms", kind="sms", is_external=True, settings={"a": "b"})
    outside.status.state, outside.status.unsettled_deliveries = m.ChannelState.CHANNEL_STATE_DISCONNECTED, 3
    local.answers["GetServer"] = lambda _request, _context: server
    assert [" ".join(line.split()) for line in command("channel", "list").out.splitlines()] == [
        "CHANNEL KIND SERVED STATE SINCE QUEUE DOMAIN REASON",
        "web webchat by the engine FAILED sales chat Its adapter did not start: ValueError.",
        "sms sms from outside DISCONNECTED chat",
    ]
    wide = command("channel", "list", "-o", "wide").out.splitlines()
    assert ("UNSETTLED" in wide[0], "a=b" in wide[2]) == (True, True)
    shown = json.loads(command("channel", "get", "sms", "-o", "json").out)
    assert shown["status"] == {"state": "CHANNEL_STATE_DISCONNECTED", "unsettledDeliveries": "3"}


def test_a_token_is_shown_once_or_written_where_only_this_user_reads_it(command: Command, local: FakeServer) -> None:
    local.answers["CreateToken"] = lambda _request, _context: m.CreateTokenResponse(name="tokens/t1", token="hf_t1_x")
    assert "hf_t1_x" in command("token", "create", "--role", "agent", "--subject", "ann").out
    path = command.home / "ann.token"
    done = command("token", "create", "--role", "agent", "--subject", "ann", "--write", str(path))
    assert "hf_t1_x" not in done.out
    assert path.read_text() == "hf_t1_x"
    assert path.stat().st_mode & 0o777 == 0o600
    assert local.requests("CreateToken")[0].subject == "agents/ann"


def test_plugins_installed_here_are_listed_where_no_server_is(command: Command) -> None:
    with silent_address() as address:
        done = command("--server", address, "plugin", "list")
    assert done.code == 0
    assert done.out.startswith("PLUGIN")
    assert "installed here" in done.err


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("20s", 20.0), ("1.5m", 90.0), ("2h", 7200.0), ("30d", 2_592_000.0), ("7", 7.0), ("50ms", 0.05)],
)
def test_durations_are_written_with_their_unit(text: str, seconds: float) -> None:
    assert duration_s(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "s", "-1s", "1 fortnight", "1e3s", "20 s x"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        duration_s(text)


def test_durations_and_ordinals_are_shown_in_words_people_use() -> None:
    assert [shown_duration(each) for each in (0.4, 18, 250, 12_000, 190_000)] == [
        "0 s", "18 s", "4 min 10 s", "3 h 20 min", "2 d 4 h",
    ]  # fmt: skip
    assert [ordinal(each) for each in (1, 2, 3, 4, 11, 12, 13, 21, 112)] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th",
    ]  # fmt: skip


def test_letters_of_all_scripts_pass_and_what_steers_does_not() -> None:
    assert plain("Grüße, 東京 \u0645\u06cc\u200c\u062e 🙂") == "Grüße, 東京 \u0645\u06cc\u200c\u062e 🙂"
    assert plain("a\nb\u2028c") == "a\\u000ab\\u2028c"

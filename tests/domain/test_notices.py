"""Notices: the seed's words, who sees them, and what a deployment may say in their place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookflash.engine.domain.notices import (
    NOTICES,
    TEXT_LENGTH_MAX,
    Audience,
    Catalogue,
    NoticeKey,
    NoticeText,
    Style,
    TextError,
)

AGENT, AGENTS, CUSTOMER, EVERYONE_ELSE = Audience.AGENT, Audience.AGENTS, Audience.CUSTOMER, Audience.EVERYONE_ELSE

# N1 to N11, with the seed's placeholders as they stand in the seed.
SEED = (
    ("transfer.agent.closed", "Conversation is closed due to CHAT TRANSFERRED", AGENT, Style.TIMELINE),
    ("transfer.agent.placed", "Transfer request placed successfully", AGENT, Style.TOAST),
    (
        "transfer.customer.placed",
        "Your request is being transferred to <queue-name>, please wait!",
        CUSTOMER,
        Style.TIMELINE,
    ),
    ("transfer.customer.left", "<agent-name> has left", CUSTOMER, Style.TIMELINE),
    ("transfer.customer.no_agent", "No agents were available", CUSTOMER, Style.TIMELINE),
    ("join.agent.self", "You have joined the conversation", AGENT, Style.TIMELINE),
    ("conference.agent.toast", "a conference request has been placed successfully.", AGENT, Style.TOAST),
    ("conference.agent.placed", "Conference request has been successfully placed", AGENT, Style.TIMELINE),
    ("join.others.joined", "<agent-name> has joined the conversation", EVERYONE_ELSE, Style.TIMELINE),
    ("leave.others.left", "<agent-names> left the conversation", EVERYONE_ELSE, Style.TIMELINE),
    (
        "conference.agents.no_agent",
        "No agents were available to join the conference conversation",
        AGENTS,
        Style.TIMELINE,
    ),
)
NAMES = {
    "queue_name": "Billing",
    "agent_name": "Ann",
    "agent_names": "Ann",
    "customer_name": "Carl",
    "reason": "logout",
}


@pytest.mark.spec("N1", "N2", "N3", "N4", "N5", "N6", "N7", "N8", "N9", "N10", "N11", "D-6")
@pytest.mark.parametrize(("key", "text", "audience", "style"), SEED, ids=[row[0] for row in SEED])
def test_the_texts_of_the_seed_are_kept_word_for_word(key: str, text: str, audience: Audience, style: Style) -> None:
    in_catalogue = text.replace("<queue-name>", "{queue_name}").replace("<agent-name", "{agent_name")
    expected = in_catalogue.replace("name>", "name}").replace("names>", "names}")
    assert NOTICES[NoticeKey(key)] == NoticeText(default=expected, audience=audience, style=style)


def test_every_key_has_a_row_and_every_row_can_be_filled() -> None:
    assert set(NOTICES) == set(NoticeKey)
    for key in NoticeKey:
        text = Catalogue().text(key, **NAMES)
        assert text is not None
        assert not set(text) & set("{}<>")


@pytest.mark.spec("D-13", "R-G11")
def test_no_notice_of_a_placed_or_failed_conference_has_the_customer_in_its_audience() -> None:
    audiences = {NOTICES[key].audience for key in NoticeKey if key.startswith("conference.")}
    assert audiences == {Audience.AGENT, Audience.AGENTS}


def test_a_key_says_whom_its_notice_is_for() -> None:
    words = {"agent": AGENT, "agents": AGENTS, "customer": CUSTOMER, "others": EVERYONE_ELSE}
    assert {key: words[key.split(".")[1]] for key in NOTICES} == {key: row.audience for key, row in NOTICES.items()}


@pytest.mark.spec("D-15", "N3")
def test_the_customer_reads_the_display_name_of_the_queue() -> None:
    text = Catalogue().text(NoticeKey.TRANSFER_CUSTOMER_PLACED, queue="billing", queue_name="Billing & Refunds")
    assert text == "Your request is being transferred to Billing & Refunds, please wait!"


@pytest.mark.parametrize("name", ["{agent_name}", "<queue-name>", "{0.__class__}", "%s", "{{", "a{b}c", "\\1"])
def test_a_name_is_shown_as_it_is_and_never_parsed(name: str) -> None:
    assert Catalogue().text(NoticeKey.TRANSFER_CUSTOMER_LEFT, agent_name=name) == f"{name} has left"


@given(name=st.text())
def test_any_name_comes_through_unchanged(name: str) -> None:
    text = Catalogue.from_overrides({"default": {"join.others.joined": "{agent_name}{agent_name}"}})
    assert text.text(NoticeKey.JOIN_OTHERS_JOINED, agent_name=name) == name * 2


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (NoticeKey.TRANSFER_AGENTS_PLACED, "Queue transfer request has been placed"),
        (NoticeKey.CONFERENCE_AGENTS_PLACED_AGENT, "Agent conference request has been placed"),
        (NoticeKey.OFFER_AGENT_TRANSFER, "Chat transfer request with customer Carl"),
    ],
)
@pytest.mark.parametrize("nobody", [{}, {"agent_name": ""}])
def test_by_whom_is_dropped_where_no_agent_placed_it(key: NoticeKey, text: str, nobody: dict[str, str]) -> None:
    assert Catalogue().text(key, customer_name="Carl", **nobody) == text


@pytest.mark.parametrize(
    ("override", "text"),
    [
        ("Anfrage gestellt von {agent_name}", "Anfrage gestellt"),
        ("{agent_name} asks", "asks"),
        ("Asked by {agent_name}, in a queue", "Asked, in a queue"),
        ("Asked", "Asked"),
    ],
)
def test_by_whom_is_dropped_from_an_override_too(override: str, text: str) -> None:
    catalogue = Catalogue.from_overrides({"default": {"transfer.agents.placed": override}})
    assert catalogue.text(NoticeKey.TRANSFER_AGENTS_PLACED) == text


def test_a_text_about_an_agent_is_not_sent_without_his_name() -> None:
    with pytest.raises(KeyError):
        Catalogue().text(NoticeKey.TRANSFER_CUSTOMER_LEFT)


def test_a_queue_goes_before_a_channel_before_a_language_before_the_default() -> None:
    key = NoticeKey.JOIN_AGENT_SELF
    catalogue = Catalogue.from_overrides(
        {
            "default": {key: "default"},
            "language": {"de": {key: "language"}},
            "channel": {"web": {key: "channel"}},
            "queue": {"billing": {key: "queue"}},
        }
    )
    assert catalogue.text(key, queue="billing", channel="web", language="de") == "queue"
    assert catalogue.text(key, queue="sales", channel="web", language="de") == "channel"
    assert catalogue.text(key, queue="sales", channel="sms", language="de") == "language"
    assert catalogue.text(key, queue="sales", channel="sms", language="fr") == "default"
    assert catalogue.text(key) == "default"
    assert catalogue.text(NoticeKey.TRANSFER_AGENT_PLACED, queue="billing") == "Transfer request placed successfully"


def test_a_regional_language_falls_back_to_its_language() -> None:
    key = NoticeKey.JOIN_AGENT_SELF
    catalogue = Catalogue.from_overrides({"language": {"de": {key: "de"}, "de_AT": {key: "at"}}})
    assert [catalogue.text(key, language=each) for each in ("de-AT", "DE-ch", "de")] == ["at", "de", "de"]


@pytest.mark.parametrize("empty", ["", "   "])
def test_an_empty_override_sends_nothing(empty: str) -> None:
    catalogue = Catalogue.from_overrides({"queue": {"vip": {"transfer.customer.left": empty}}})
    assert catalogue.text(NoticeKey.TRANSFER_CUSTOMER_LEFT, queue="vip", agent_name="Ann") is None
    assert catalogue.text(NoticeKey.TRANSFER_CUSTOMER_LEFT, queue="billing", agent_name="Ann") == "Ann has left"


def test_dotted_keys_may_come_as_nested_tables_and_doubled_braces_are_braces() -> None:
    catalogue = Catalogue.from_overrides({"default": {"join": {"agent": {"self": "{{hello}}"}}}})
    assert catalogue.text(NoticeKey.JOIN_AGENT_SELF) == "{hello}"


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ({"tenant": {}}, "texts.tenant is unknown"),
        ({"queue": "x"}, "texts.queue must be a table"),
        ({"queue": {"vip": "x"}}, "texts.queue.vip must be a table"),
        ({"default": {"join.agent": "x"}}, "texts.default has no text join.agent"),
        ({"default": {"join.agent.self": 3}}, "texts.default.join.agent.self must be one line"),
        ({"default": {"join.agent.self": "a\nb"}}, "must be one line"),
        ({"default": {"join.agent.self": "x" * (TEXT_LENGTH_MAX + 1)}}, "at most 1,000 characters"),
        ({"default": {"join.agent.self": "{agent_name}"}}, "has the placeholder {agent_name}; this text has none"),
        ({"default": {"transfer.customer.left": "{note}"}}, "this text has {agent_name}"),
        ({"default": {"transfer.customer.left": "{agent_name.__class__}"}}, "cannot be read"),
        ({"default": {"transfer.customer.left": "{agent_name!r}"}}, "cannot be read"),
        ({"default": {"transfer.customer.left": "{agent_name:>9999999}"}}, "cannot be read"),
        ({"default": {"transfer.customer.left": "{}"}}, "cannot be read"),
        ({"default": {"transfer.customer.left": "{agent_name"}}, "cannot be read"),
    ],
)
def test_an_override_that_cannot_be_used_is_refused_when_the_catalogue_is_built(
    overrides: dict[str, object], sentence: str
) -> None:
    with pytest.raises(TextError) as refused:
        Catalogue.from_overrides(overrides)
    assert sentence in str(refused.value)

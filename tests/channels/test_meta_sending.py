"""What goes out to WhatsApp and Messenger, against the fake over real HTTP: bodies, ids, errors, media, signs."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from hookflash.plugins.messenger import Instagram, Messenger
from hookflash.plugins.whatsapp import WhatsApp
from hookflash.sdk import (
    AuthExpired,
    Blocked,
    ChannelAdapter,
    ChannelId,
    Choice,
    CustomerAddress,
    CustomerNotice,
    Delivery,
    ExternalId,
    Media,
    MediaKind,
    MediaRef,
    Message,
    Permanent,
    SendError,
    Template,
    Throttled,
    Transient,
    WindowClosed,
    fill,
)
from hookflash.sdk.errors import ConfigError
from hookflash.sdk.hosting.fallback import parts_of
from hookflash.sdk.testing import channel_context, delivery_of
from hookflash.sdk.testing.fakes.loopback import loopback_client
from hookflash.sdk.testing.fakes.meta import ACCESS_TOKEN, APP_SECRET, VERIFY_TOKEN, FakeMeta, fake_meta
from hookflash.sdk.testing.fakes.meta_faults import BadJson, Fault, Hangs, Lost, Refused, Resets
from hookflash.sdk.testing.fakes.meta_payloads import INSTAGRAM, NUMBER, PAGE

ENVIRON = {"APP_SECRET": APP_SECRET, "VERIFY_TOKEN": VERIFY_TOKEN, "ACCESS_TOKEN": ACCESS_TOKEN}
SECRETS = {"app_secret": "env:APP_SECRET", "verify_token": "env:VERIFY_TOKEN", "access_token": "env:ACCESS_TOKEN"}
OF_KIND: Mapping[type[ChannelAdapter], Mapping[str, str]] = {
    WhatsApp: {"phone_number_id": NUMBER},
    Messenger: {"page_id": PAGE},
    Instagram: {"page_id": PAGE, "account_id": INSTAGRAM},
}
KINDS = [WhatsApp, Messenger]
LINK = "https://files.example/1"


@asynccontextmanager
async def _open(kind: type[ChannelAdapter], meta: FakeMeta, **settings: str) -> AsyncIterator[ChannelAdapter]:
    async with loopback_client(timeout=5.0) as http:
        config = fill(kind.Config, {**SECRETS, **OF_KIND[kind], "api_url": meta.url, **settings}, environ=ENVIRON)
        yield kind(channel_context(http=http), config)


async def _body(kind: type[ChannelAdapter], delivery: Delivery, **settings: str) -> dict[str, Any]:
    """What was posted for a delivery that the API takes."""
    async with fake_meta() as meta, _open(kind, meta, **settings) as adapter:
        sent = await adapter.send(delivery)
        (shown,) = meta.shown
        assert sent == shown.external_id
        return shown.body


async def _refusal(kind: type[ChannelAdapter], fault: Fault, delivery: Delivery | None = None) -> SendError:
    async with fake_meta() as meta, _open(kind, meta) as adapter:
        meta.faults.append(fault)
        with pytest.raises(SendError) as refused:
            await adapter.send(delivery or delivery_of("Hello"))
        return refused.value


def _message(text: str, *titles: str, template: Template | None = None) -> Delivery:
    choices = tuple(Choice(id=f"c{number}", title=title) for number, title in enumerate(titles, start=1))
    return delivery_of(Message(sender_name="Ann", text=text, choices=choices, template=template), to="16505551234")


def _medium(kind: MediaKind, caption: str, mime_type: str = "") -> Delivery:
    media = Media(kind=kind, ref=MediaRef(url=LINK, mime_type=mime_type, name="a.b"))
    return delivery_of(Message(sender_name="Ann", text=caption, media=media), to="16505551234")


def _to(delivery: Delivery, identifier: str, *aliases: str, reply_to: str = "") -> Delivery:
    address = CustomerAddress(channel=ChannelId("test"), id=identifier, aliases=aliases)
    return Delivery(
        id=delivery.id,
        conversation=delivery.conversation,
        sequence=delivery.sequence,
        to=address,
        content=delivery.content,
        reply_to=ExternalId(reply_to) if reply_to else None,
    )


async def test_a_text_on_whatsapp_names_its_delivery_and_what_it_answers() -> None:
    assert await _body(WhatsApp, _to(_message("Hello"), "16505551234", reply_to="wamid.7")) == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "16505551234",
        "type": "text",
        "text": {"body": "Hello", "preview_url": False},
        "context": {"message_id": "wamid.7"},
        "biz_opaque_callback_data": "conversations/1/deliveries/1",
    }


async def test_on_whatsapp_a_number_is_preferred_and_without_one_the_user_id_is_the_recipient() -> None:
    by_id = await _body(WhatsApp, _to(_message("Hello"), "US.13491208655302741918", "US.ENT.118157"))
    assert (by_id["recipient"], "to" in by_id) == ("US.13491208655302741918", False)
    by_number = await _body(WhatsApp, _to(_message("Hello"), "US.13491208655302741918", "16505551234"))
    assert (by_number["to"], "recipient" in by_number) == ("16505551234", False)


async def test_choices_on_whatsapp_are_buttons_then_a_list_then_text_as_they_fit() -> None:
    buttons = await _body(WhatsApp, _message("Which?", "Red", "Blue", "Green"))
    assert buttons["interactive"]["action"]["buttons"][1] == {"type": "reply", "reply": {"id": "c2", "title": "Blue"}}
    rows = await _body(WhatsApp, _message("Which?", *"abcd"), list_button="Pick")
    assert rows["interactive"]["action"] == {
        "button": "Pick",
        "sections": [{"rows": [{"id": f"c{number}", "title": title} for number, title in enumerate("abcd", start=1)]}],
    }
    longer = await _body(WhatsApp, _message("Which?", "x" * 24))
    assert longer["interactive"]["type"] == "list"
    for choices in (_message("y" * 1025, "Red"), _message("Which?", "Red", "Red"), _message("y" * 4096, *"abcd")):
        assert (await _body(WhatsApp, choices))["interactive"]["type"] == "list"
    long_id = Message(sender_name="Ann", text="Which?", choices=(Choice(id="x" * 201, title="y" * 21),))
    too_much = (_message("Which?", *"abcdefghijk"), _message("Which?", "x" * 25), delivery_of(long_id, to="1"))
    for delivery in too_much:
        body = await _body(WhatsApp, delivery)
        assert body["type"] == "text"
    assert body["text"]["body"] == f"Which?\n1. {'y' * 21}"


async def test_a_template_on_whatsapp_goes_out_by_name_with_its_values() -> None:
    template = Template(name="order_ready", language="en_US", values=("1042", "Friday"))
    body = await _body(WhatsApp, _message("Your order 1042 is ready on Friday.", template=template))
    assert (body["type"], body["template"]) == (
        "template",
        {
            "name": "order_ready",
            "language": {"code": "en_US"},
            "components": [
                {"type": "body", "parameters": [{"type": "text", "text": "1042"}, {"type": "text", "text": "Friday"}]}
            ],
        },
    )


@pytest.mark.parametrize(
    ("kind", "mime_type", "caption", "expected"),
    [
        (MediaKind.IMAGE, "image/png", "Look", {"image": {"link": LINK, "caption": "Look"}}),
        (MediaKind.FILE, "application/pdf", "", {"document": {"link": LINK, "filename": "a.b"}}),
        (MediaKind.FILE, "image/png", "", {"document": {"link": LINK, "filename": "a.b"}}),
        (MediaKind.VIDEO, "", "Look", {"video": {"link": LINK, "caption": "Look"}}),
        (MediaKind.AUDIO, "audio/ogg", "", {"audio": {"link": LINK}}),
        (MediaKind.FILE, "", "Look", {"document": {"link": LINK, "caption": "Look", "filename": "a.b"}}),
    ],
)
async def test_a_medium_on_whatsapp_is_a_link_that_is_shown_where_it_can_be_else_a_document(
    kind: MediaKind, mime_type: str, caption: str, expected: dict[str, Any]
) -> None:
    body = await _body(WhatsApp, _medium(kind, caption, mime_type))
    (word,) = expected
    assert (body["type"], body[word]) == (word, expected[word])


@pytest.mark.parametrize("kind", [Messenger, Instagram])
async def test_a_medium_on_messenger_and_instagram_is_an_attachment_without_a_text(kind: type[ChannelAdapter]) -> None:
    async with fake_meta(is_instagram=kind is Instagram) as meta, _open(kind, meta) as adapter:
        for each in MediaKind:
            (part, *_) = parts_of(_medium(each, "Look"), adapter.capabilities)
            await adapter.send(part)
        messages = [shown.body["message"] for shown in meta.shown]
    attached = [
        {
            "attachment": {"type": each, "payload": {"url": LINK, "is_reusable": False}},
            "metadata": "conversations/1/deliveries/1#1",
        }
        for each in ("image", "audio", "video", "file")
    ]
    assert messages == attached


async def test_a_text_on_messenger_is_a_response_that_names_its_delivery() -> None:
    assert await _body(Messenger, delivery_of("Hello", to="7024325617613210")) == {
        "recipient": {"id": "7024325617613210"},
        "messaging_type": "RESPONSE",
        "message": {"text": "Hello", "metadata": "conversations/1/deliveries/1"},
    }


async def test_choices_on_messenger_are_quick_replies_or_text_and_templates_there_are_none() -> None:
    body = await _body(Messenger, _message("Which?", "Red", "Blue"))
    assert body["message"]["quick_replies"][1] == {"content_type": "text", "title": "Blue", "payload": "c2"}
    for titles in (tuple("abcdefghijklmn"), ("x" * 21,)):
        body = await _body(Messenger, _message("Which?", *titles))
        assert body["message"]["text"].startswith("Which?\n1. ")
    async with fake_meta() as meta, _open(Messenger, meta) as adapter:
        with pytest.raises(Permanent, match="no templates"):
            await adapter.send(_message("?", template=Template(name="t", language="en")))
        assert meta.calls == []


LATE = Refused(400, 10, "This message is sent outside of allowed window.", more={"error_subcode": 2018278})


async def test_after_the_window_an_agents_message_goes_out_under_the_tag_where_it_is_granted() -> None:
    async with fake_meta(faults=deque([LATE])) as meta, _open(Messenger, meta, tag="HUMAN_AGENT") as adapter:
        assert adapter.capabilities.reply_window_s == 7 * 86_400
        await adapter.send(delivery_of("Sorry for the delay"))
        (shown,) = meta.shown
        assert (shown.body["messaging_type"], shown.body["tag"]) == ("MESSAGE_TAG", "HUMAN_AGENT")
        meta.faults.append(LATE)
        with pytest.raises(WindowClosed):
            await adapter.send(delivery_of(CustomerNotice(key="customer.x", text="Ben has joined.")))
        assert len(meta.calls) == 3, "a notice is not tried under a tag that is for people"
    assert isinstance(await _refusal(Messenger, LATE), WindowClosed)
    assert Messenger.capabilities.reply_window_s == 86_400


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("fault", "means"),
    [
        (Refused(401, 190), AuthExpired),
        (Refused(400, 368), AuthExpired),
        (Refused(403, 200), Permanent),
        (Refused(400, 100), Permanent),
        (Refused(404, 987654), Permanent),
        (Refused(400, 987654, more={"is_transient": True}), Transient),
        (Refused(500, 987654), Transient),
        (Refused(503, 2), Transient),
        (BadJson(200), Transient),
        (BadJson(502), Transient),
        (BadJson(403), Permanent),
        (BadJson(429), Throttled),
        (Resets(), Transient),
        (Lost(Resets()), Transient),
    ],
)
async def test_an_error_goes_by_its_code_first_and_by_the_status_second(
    kind: type[ChannelAdapter], fault: Fault, means: type[SendError]
) -> None:
    assert type(await _refusal(kind, fault)) is means


@pytest.mark.parametrize(
    ("kind", "code", "subcode", "means"),
    [
        (WhatsApp, 131047, 0, WindowClosed),
        (WhatsApp, 131050, 0, Blocked),
        (WhatsApp, 131031, 0, AuthExpired),
        (Messenger, 10, 2018278, WindowClosed),
        (Messenger, 10, 2534022, WindowClosed),
        (Messenger, 10, 2018108, Blocked),
        (Messenger, 10, 0, Permanent),
        (Messenger, 551, 1545041, Blocked),
        (Messenger, 200, 1545041, Blocked),
        (Messenger, 1200, 0, Transient),
    ],
)
async def test_each_platform_has_words_of_its_own(
    kind: type[ChannelAdapter], code: int, subcode: int, means: type[SendError]
) -> None:
    assert type(await _refusal(kind, Refused(400, code, more={"error_subcode": subcode}))) is means


@pytest.mark.parametrize(
    ("kind", "code", "headers", "retry_after_s", "scope"),
    [
        (WhatsApp, 131056, {}, 6.0, "address"),
        (WhatsApp, 130429, {}, 5.0, "account"),
        (WhatsApp, 4, {}, 60.0, "account"),
        (WhatsApp, 4, {"retry-after": "17"}, 17.0, "account"),
        (Messenger, 613, {"retry-after": "soon"}, 60.0, "account"),
        (
            Messenger,
            80006,
            {"x-business-use-case-usage": '{"1": [{"type": "messenger", "estimated_time_to_regain_access": 3}]}'},
            180.0,
            "account",
        ),
        (Messenger, 80006, {"x-business-use-case-usage": '{"1": [{}]}'}, 60.0, "account"),
    ],
)
async def test_a_limit_is_held_as_long_as_meta_says_or_as_long_as_it_lasts(
    kind: type[ChannelAdapter], code: int, headers: dict[str, str], retry_after_s: float, scope: str
) -> None:
    refusal = await _refusal(kind, Refused(400, code, headers=headers))
    assert isinstance(refusal, Throttled)
    assert (refusal.retry_after_s, refusal.scope) == (retry_after_s, scope)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_call_that_is_not_answered_in_time_is_transient(kind: type[ChannelAdapter]) -> None:
    hangs = Hangs()
    async with fake_meta() as meta, loopback_client(timeout=0.05) as http:
        meta.faults.append(hangs)
        config = fill(kind.Config, {**SECRETS, **OF_KIND[kind], "api_url": meta.url}, environ=ENVIRON)
        with pytest.raises(Transient, match="did not answer in time"):
            await kind(channel_context(http=http), config).send(delivery_of("Hello"))
        hangs.release.set()


@pytest.mark.parametrize("kind", KINDS)
async def test_what_meta_says_never_shows_the_token(kind: type[ChannelAdapter]) -> None:
    refusal = await _refusal(kind, Refused(400, 100, f"Malformed access token {ACCESS_TOKEN}"))
    assert isinstance(refusal, Permanent)
    assert ACCESS_TOKEN not in str(refusal)
    assert "Malformed access token ***" in refusal.text
    assert refusal.__cause__ is None
    assert not refusal.is_alarming
    assert (await _refusal(kind, Refused(400, 200))).args
    alarm = await _refusal(kind, Refused(403, 200, "Permissions error"))
    assert isinstance(alarm, Permanent)
    assert alarm.is_alarming


async def test_a_medium_of_whatsapp_is_fetched_in_two_steps_with_the_token_and_only_from_meta() -> None:
    content = bytes(range(256)) * 1000
    async with fake_meta(media={"1003383421387256": ("image/jpeg", content)}) as meta, _open(WhatsApp, meta) as adapter:
        pieces = [piece async for piece in adapter.fetch_media(MediaRef(id="1003383421387256"))]
        assert b"".join(pieces) == content
        with pytest.raises(Permanent, match="does not exist"):
            [piece async for piece in adapter.fetch_media(MediaRef(id="7"))]


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/x", "https://fbcdn.net.evil.example/x", "http://scontent.xx.fbcdn.net/x", "file:///x", ""],
)
async def test_a_medium_that_does_not_lie_with_meta_is_not_fetched(url: str) -> None:
    async with fake_meta() as meta, _open(Messenger, meta) as adapter:
        with pytest.raises(Permanent, match="does not lie with Meta"):
            [piece async for piece in adapter.fetch_media(MediaRef(url=url))]


async def test_reading_and_typing_are_shown() -> None:
    customer = CustomerAddress(channel=ChannelId("test"), id="16505551234")
    async with fake_meta() as meta:
        async with _open(WhatsApp, meta) as adapter:
            await adapter.typing(customer, True)  # noqa: FBT003  by contract
            assert meta.acts == [], "it would have to be about a message"
            await adapter.mark_read(customer, [ExternalId("wamid.1"), ExternalId("wamid.2")])
            await adapter.typing(customer, True)  # noqa: FBT003  by contract
            await adapter.typing(customer, False)  # noqa: FBT003  by contract
        read = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.2"}
        assert meta.acts == [read, {**read, "typing_indicator": {"type": "text"}}]
        meta.acts.clear()
        async with _open(Messenger, meta) as adapter:
            await adapter.mark_read(customer, [ExternalId("m_1")])
            await adapter.typing(customer, True)  # noqa: FBT003  by contract
            await adapter.typing(customer, False)  # noqa: FBT003  by contract
        assert [act["sender_action"] for act in meta.acts] == ["mark_seen", "typing_on", "typing_off"]


@pytest.mark.parametrize("kind", [WhatsApp, Messenger, Instagram])
async def test_health_asks_for_the_account_itself(kind: type[ChannelAdapter]) -> None:
    async with fake_meta() as meta:
        async with _open(kind, meta) as adapter:
            await adapter.health()
        environ = {**ENVIRON, "ACCESS_TOKEN": "expired"}
        async with loopback_client() as http:
            config = fill(kind.Config, {**SECRETS, **OF_KIND[kind], "api_url": meta.url}, environ=environ)
            with pytest.raises(AuthExpired):
                await kind(channel_context(http=http), config).health()


@pytest.mark.parametrize(
    ("kind", "settings", "problem"),
    [
        (WhatsApp, {"api_url": "http://graph.example"}, "'api_url' must be an https address"),
        (WhatsApp, {"graph_version": "latest"}, "'graph_version' must look like v25.0"),
        (WhatsApp, {"phone_number_id": "+1 650"}, "'phone_number_id' must be the number's id"),
        (WhatsApp, {"list_button": "x" * 21}, "'list_button' must have 1 to 20 characters"),
        (Messenger, {"page_id": "my page"}, "'page_id' must be an id at Meta"),
        (Messenger, {"tag": "ACCOUNT_UPDATE"}, "'tag' must be one of"),
        (Instagram, {"account_id": ""}, "'account_id' must be an id at Meta"),
    ],
)
def test_settings_that_no_call_could_be_made_with_are_refused(
    kind: type[ChannelAdapter], settings: dict[str, str], problem: str
) -> None:
    with pytest.raises(ConfigError, match=problem):
        fill(kind.Config, {**SECRETS, **OF_KIND[kind], **settings}, environ=ENVIRON)


async def test_many_sends_at_once_do_not_disturb_each_other() -> None:
    async with fake_meta() as meta, _open(WhatsApp, meta) as adapter:
        deliveries = [delivery_of(f"text {number}", sequence=number) for number in range(1, 21)]
        sent = await asyncio.gather(*(adapter.send(delivery) for delivery in deliveries))
        by_id = {shown.external_id: shown.text for shown in meta.shown}
        assert [by_id[each] for each in sent] == [f"text {number}" for number in range(1, 21)]

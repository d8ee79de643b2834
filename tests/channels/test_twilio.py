"""The twilio_sms adapter against a server that behaves like Twilio's: forms, receipts, what was missed, refusals."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from hookflash.plugins.twilio_sms import TwilioConfig, TwilioSms
from hookflash.sdk import (
    Arrival,
    AuthExpired,
    BadSignature,
    Blocked,
    ConfigError,
    CustomerAddress,
    CustomerNotice,
    HttpResponse,
    Inbound,
    Media,
    MediaKind,
    MediaRef,
    Message,
    ParseError,
    Permanent,
    Receipt,
    ReceiptState,
    Secret,
    SendError,
    Text,
    Throttled,
    Transient,
    Unsupported,
    fill,
)
from hookflash.sdk.hosting.fallback import parts_of
from hookflash.sdk.testing import RecordedStore, Wire, channel_context, delivery_of
from hookflash.sdk.testing.fakes.twilio import (
    ACCOUNT,
    OURS,
    PUBLIC,
    TOKEN,
    FakeTwilio,
    Trouble,
    fake_twilio,
    inbound,
    refused,
    signed,
)
from hookflash.sdk.types import ChannelId, ExternalId

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CARL = "+14155550100"
SERVICE = "MG" + "0" * 32
FROM_CARL = CustomerAddress(channel=ChannelId("test"), account=OURS, id=CARL)


@pytest.fixture
async def twilio() -> AsyncIterator[FakeTwilio]:
    async with fake_twilio() as fake:
        yield fake


def _config(url: str = "https://api.twilio.com", service: str = "") -> TwilioConfig:
    number = "" if service else OURS
    return TwilioConfig(
        account_sid=ACCOUNT, auth_token=Secret(TOKEN), api_url=url, from_number=number, messaging_service_sid=service
    )


def _adapter(
    twilio: FakeTwilio, http: httpx.AsyncClient, store: RecordedStore | None = None, service: str = ""
) -> TwilioSms:
    context = channel_context(http=http, store=store, public_url=PUBLIC)
    return TwilioSms(context, _config(twilio.server.url, service))


def _offline(public_url: str = PUBLIC) -> TwilioSms:
    return TwilioSms(channel_context(http=Wire().client(), public_url=public_url), _config())


def _medium(number: int, message: int = 1) -> str:
    return f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages/SM{message:032x}/Media/ME{number}"


def _said(number: int, text: str, at: datetime = NOW) -> Inbound:
    sid = f"SM{number:032x}"
    return Inbound(dedupe_key=sid, address=FROM_CARL, content=Text(text=text), at=at, external_id=ExternalId(sid))


def test_a_message_is_read_and_what_is_not_known_is_passed_over() -> None:
    assert list(_offline().parse(signed(inbound(7, "Straße & 2 + 2")))) == [_said(7, "Straße & 2 + 2")]


def test_each_medium_is_an_arrival_beside_the_text() -> None:
    form = inbound(
        1, "two of them", NumMedia="2", MediaUrl0=_medium(1), MediaContentType0="image/jpeg",
        MediaUrl1=_medium(2), MediaContentType1="text/vcard",
    )  # fmt: skip
    text, *media = _offline().parse(signed(form))
    assert text == _said(1, "two of them")
    assert [(one.dedupe_key[-4:], one.content) for one in media if isinstance(one, Inbound)] == [
        ("/ME1", Media(kind=MediaKind.IMAGE, ref=MediaRef(url=_medium(1), mime_type="image/jpeg"))),
        ("/ME2", Media(kind=MediaKind.FILE, ref=MediaRef(url=_medium(2), mime_type="text/vcard"))),
    ]


def test_a_message_without_anything_is_shown_as_such() -> None:
    (arrival,) = _offline().parse(signed(inbound(1, "", NumMedia="many")))
    assert isinstance(arrival, Unsupported)
    assert arrival.what == "an empty message"


@pytest.mark.parametrize(
    ("status", "state", "error"),
    [
        ("sent", ReceiptState.SENT, None),
        ("delivered", ReceiptState.DELIVERED, None),
        ("read", ReceiptState.READ, None),
        ("undelivered", ReceiptState.FAILED, "Twilio's error 30003"),
        ("failed", ReceiptState.FAILED, "Twilio's error 30003"),
    ],
)
def test_a_status_callback_is_a_receipt(status: str, state: ReceiptState, error: str | None) -> None:
    form = {"MessageSid": "SM1", "MessageStatus": status, "ErrorCode": "30003", "RawDlrDoneDate": "2601010000"}
    assert list(_offline().parse(signed(form))) == [
        Receipt(dedupe_key=f"SM1/{status}", state=state, at=NOW, external_id=ExternalId("SM1"), error=error)
    ]


@pytest.mark.parametrize("status", ["queued", "sending", "accepted", "scheduled", "something new"])
def test_a_status_that_says_nothing_new_brings_nothing(status: str) -> None:
    assert list(_offline().parse(signed({"MessageSid": "SM1", "MessageStatus": status}))) == []


@pytest.mark.parametrize("body", [b"", b"Body=x", b"MessageSid=SM1&Body=x", b'{"MessageSid": "1"}', b"MessageSid=\xff"])
def test_what_is_no_form_of_twilios_is_a_parse_error(body: bytes) -> None:
    with pytest.raises(ParseError):
        _offline().parse(replace(signed(inbound()), body=body))


def test_what_the_fake_signs_is_what_twilios_own_library_signs() -> None:
    form = inbound(1, "Straße & 2 + 2")
    expected = RequestValidator(TOKEN).compute_signature(PUBLIC, form)
    assert signed(form).headers["x-twilio-signature"] == expected


def test_the_signature_is_over_the_configured_url_and_the_query_that_was_called() -> None:
    adapter = _offline()
    adapter.verify(signed(inbound(), f"{PUBLIC}?flow=7&x=%20"))
    adapter.verify(signed(inbound(), PUBLIC.replace(".example", ".example:443")))
    for forged in (
        replace(signed(inbound(), f"{PUBLIC}?flow=7"), raw_query="flow=8"),
        signed(inbound(), "https://elsewhere.example/channels/test"),
        replace(signed(inbound()), body=signed(inbound(text="Hullo")).body),
    ):
        headers = {**forged.headers, "host": "elsewhere.example", "x-forwarded-host": "elsewhere.example"}
        with pytest.raises(BadSignature):
            adapter.verify(replace(forged, headers=headers))


async def test_without_a_public_url_the_channel_does_not_start() -> None:
    await _offline().start()
    with pytest.raises(ConfigError, match="public URL"):
        await _offline(public_url="").start()


def test_twilio_is_answered_with_an_empty_script() -> None:
    assert _offline().ack(signed(inbound())) == HttpResponse(content_type="text/xml", body=b"<Response/>")


async def test_a_delivery_is_sent_from_the_number_or_the_service(twilio: FakeTwilio, http: httpx.AsyncClient) -> None:
    assert await _adapter(twilio, http).send(delivery_of("Grüße", to=CARL)) == f"SM{1:032x}"
    notice = delivery_of(CustomerNotice(key="x", text="Ben has joined."), to=CARL)
    assert await _adapter(twilio, http, service=SERVICE).send(notice) == f"SM{2:032x}"
    assert twilio.sent == [
        {"To": CARL, "From": OURS, "Body": "Grüße", "StatusCallback": PUBLIC},
        {"To": CARL, "MessagingServiceSid": SERVICE, "Body": "Ben has joined.", "StatusCallback": PUBLIC},
    ]


@pytest.mark.parametrize("caption", ["Look", ""])
async def test_a_medium_is_sent_by_its_url_with_its_caption_as_the_text(
    caption: str, twilio: FakeTwilio, http: httpx.AsyncClient
) -> None:
    media = Media(kind=MediaKind.IMAGE, ref=MediaRef(url="https://files.example/1.png?a=b&c=d"))
    message = Message(sender_name="Ann", text=caption, media=media)
    await _adapter(twilio, http).send(delivery_of(message, to=CARL))
    said = {"Body": caption} if caption else {}
    url = "https://files.example/1.png?a=b&c=d"
    assert twilio.sent == [{"To": CARL, "From": OURS, **said, "MediaUrl": url, "StatusCallback": PUBLIC}]


@pytest.mark.parametrize(
    ("mime_type", "size", "is_attached"),
    [
        ("image/png", 5_000_000, True),
        ("image/png", 5_000_001, False),
        ("application/pdf", 600_000, True),
        ("application/pdf", 600_001, False),
        ("audio/mpeg", None, True),
        ("application/zip", None, False),
        ("image/webp", 1, False),
    ],
)
def test_a_medium_that_twilio_or_a_carrier_would_refuse_is_a_link(
    mime_type: str,
    size: int | None,
    is_attached: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    kinds = {"image": MediaKind.IMAGE, "audio": MediaKind.AUDIO}
    ref = MediaRef(url="https://files.example/1", mime_type=mime_type, size=size)
    medium = Media(kind=kinds.get(mime_type.partition("/")[0], MediaKind.FILE), ref=ref)
    (part,) = parts_of(delivery_of(Message(sender_name="Ann", text="", media=medium), to=CARL), TwilioSms.capabilities)
    assert isinstance(part.content, Message)
    assert (part.content.media is not None) is is_attached


def test_an_emoji_counts_twice_in_a_text_for_twilio() -> None:
    parts = parts_of(delivery_of("\U0001f600" * 801, to=CARL), TwilioSms.capabilities)
    assert [len(part.content.text) for part in parts] == [800, 1]


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [
        (refused(429, 20429, **{"retry-after": "7"}), Throttled(7.0, scope="account")),
        (refused(429, 20429), Throttled(1.0, scope="account")),
        (refused(401, 20003, "Authenticate"), AuthExpired("Authenticate")),
        (refused(400, 21610, "unsubscribed"), Blocked("unsubscribed")),
        (refused(400, 21614, "no mobile"), Permanent("21614", "no mobile")),
        (refused(400, 21606, "not yours"), Permanent("21606", "not yours", is_alarming=True)),
        (refused(400, 30003, "unreachable"), Transient("unreachable")),
        (refused(400, 30007, "filtered"), Permanent("30007", "filtered")),
        (refused(400, 99999, "new"), Permanent("99999", "new")),
        (refused(503, 99999, "new"), Transient("new")),
        (HttpResponse(status=500, body=b"<html>"), Transient("the provider answered HTTP 500")),
        (HttpResponse(status=201, body=b"{}"), Transient("Twilio took a message without telling its sid")),
        (HttpResponse(status=201, body=b"["), Transient("the provider's answer (HTTP 201) is no JSON object")),
        (None, Transient()),
    ],
)
async def test_what_twilio_refuses_has_its_class(
    trouble: Trouble, expected: SendError, twilio: FakeTwilio, http: httpx.AsyncClient
) -> None:
    twilio.troubles.append(trouble)
    with pytest.raises(type(expected)) as raised:
        await _adapter(twilio, http).send(delivery_of("Hello", to=CARL))
    if str(expected):
        assert (str(raised.value), vars(raised.value)) == (str(expected), vars(expected))
    assert TOKEN not in repr(raised.value)


async def test_who_has_written_stop_is_blocked(twilio: FakeTwilio, http: httpx.AsyncClient) -> None:
    twilio.stopped.add(CARL)
    with pytest.raises(Blocked):
        await _adapter(twilio, http).send(delivery_of("Hello", to=CARL))


async def test_health_asks_for_the_account(twilio: FakeTwilio, http: httpx.AsyncClient) -> None:
    await _adapter(twilio, http).health()
    wrong = TwilioConfig(account_sid=ACCOUNT, auth_token=Secret("wrong"), from_number=OURS, api_url=twilio.server.url)
    with pytest.raises(AuthExpired):
        await TwilioSms(channel_context(http=http, public_url=PUBLIC), wrong).health()


async def _polled(adapter: TwilioSms) -> list[Arrival]:
    return [arrival async for arrival in adapter.poll()]


async def test_what_was_missed_is_read_at_the_next_start_the_oldest_first(
    twilio: FakeTwilio, http: httpx.AsyncClient
) -> None:
    store = RecordedStore()
    twilio.lists(inbound(1, "before the channel was"), NOW - timedelta(hours=1))
    assert await _polled(_adapter(twilio, http, store)) == []
    twilio.lists(inbound(2, "two"), NOW + timedelta(seconds=10))
    twilio.lists(inbound(3, "ours"), NOW + timedelta(seconds=11), direction="outbound-api")
    twilio.lists(inbound(4, "elsewhere", To="+15005550001"), NOW + timedelta(seconds=12))
    twilio.lists(inbound(5, "five"), NOW + timedelta(seconds=20))
    expected = [_said(2, "two", NOW + timedelta(seconds=10)), _said(5, "five", NOW + timedelta(seconds=20))]
    twilio.page_size = 1
    assert await _polled(_adapter(twilio, http, store)) == expected
    assert await _polled(_adapter(twilio, http, store)) == expected, "brought again, they have the same keys"


async def test_a_missed_message_and_its_webhook_have_the_same_keys(twilio: FakeTwilio, http: httpx.AsyncClient) -> None:
    store = RecordedStore()
    await _polled(_adapter(twilio, http, store))
    form = inbound(1, "look", NumMedia="2", MediaUrl0=_medium(2), MediaUrl1=_medium(1))
    twilio.lists(form, NOW)
    twilio.media[form["MessageSid"]] = [("ME1", "image/png", b"1"), ("ME2", "image/png", b"2")]
    adapter = _adapter(twilio, http, store)
    missed, brought = await _polled(adapter), list(adapter.parse(signed(form)))
    keys = [{one.dedupe_key for one in each if isinstance(one, Inbound)} for each in (missed, brought)]
    assert keys[0] == keys[1]
    assert len(keys[0]) == 3


async def test_a_list_that_cannot_be_read_now_leaves_the_cursor_where_it_was(
    twilio: FakeTwilio, http: httpx.AsyncClient
) -> None:
    store = RecordedStore()
    store.values["list read"] = (NOW - timedelta(minutes=5)).isoformat()
    kept = dict(store.values)
    twilio.lists(inbound(1, "missed"), NOW - timedelta(minutes=1))
    twilio.troubles.extend([refused(503, 20500), None])
    for _ in range(2):
        with pytest.raises(Transient):
            await _polled(_adapter(twilio, http, store))
        assert store.values == kept
    poll = _adapter(twilio, http, store).poll()
    assert isinstance(await anext(poll), Inbound)
    await poll.aclose()  # type: ignore[attr-defined]
    assert store.values == kept, "killed before it was taken"


async def test_a_list_of_years_is_read_back_to_three_days_only(twilio: FakeTwilio, http: httpx.AsyncClient) -> None:
    store = RecordedStore()
    store.values["list read"] = (NOW - timedelta(days=400)).isoformat()
    twilio.lists(inbound(1, "old"), NOW - timedelta(days=3, seconds=1))
    twilio.lists(inbound(2, "new"), NOW - timedelta(days=3))
    assert await _polled(_adapter(twilio, http, store)) == [_said(2, "new", NOW - timedelta(days=3))]


async def test_of_a_messaging_service_only_its_own_are_read(twilio: FakeTwilio, http: httpx.AsyncClient) -> None:
    store = RecordedStore()
    store.values["list read"] = NOW.isoformat()
    twilio.lists(inbound(1, "other"), NOW)
    twilio.lists(inbound(2, "mine"), NOW, messaging_service_sid=SERVICE)
    assert await _polled(_adapter(twilio, http, store, service=SERVICE)) == [_said(2, "mine")]


async def test_a_medium_is_fetched_and_the_place_behind_it_does_not_see_the_token(
    twilio: FakeTwilio, http: httpx.AsyncClient
) -> None:
    content = b"\x89PNG" * 50_000
    twilio.media["MM1"] = [("ME1", "image/png", content)]
    adapter = _adapter(twilio, http)
    root = f"{twilio.server.url}/2010-04-01/Accounts/{ACCOUNT}/Messages/MM1/Media"
    assert b"".join([piece async for piece in adapter.fetch_media(MediaRef(url=f"{root}/ME1"))]) == content
    assert ["authorization" in headers for headers in twilio.cdn_saw] == [False]
    for gone in (f"{root}/ME9", "https://evil.example/Media/ME1", f"{twilio.server.url}0/x"):
        with pytest.raises(Permanent):
            [piece async for piece in adapter.fetch_media(MediaRef(url=gone))]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"from_number": OURS, "messaging_service_sid": SERVICE},
        {"messaging_service_sid": "MG1"},
        {"from_number": OURS, "account_sid": "AC1"},
        {"from_number": OURS, "api_url": "api.twilio.com"},
        {"from_number": OURS, "auth_token": TOKEN},
    ],
)
def test_settings_that_do_not_fit_are_refused_without_showing_a_secret(settings: dict[str, str]) -> None:
    given = {"account_sid": ACCOUNT, "auth_token": "env:TOKEN", **settings}
    with pytest.raises(ConfigError) as refusal:
        fill(TwilioConfig, given, environ={"TOKEN": TOKEN})
    assert TOKEN not in str(refusal.value)

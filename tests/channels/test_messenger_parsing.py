"""What Messenger and Instagram bring, item by item: whole values."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from hookflash.plugins.messenger.messages import read
from hookflash.sdk import (
    Arrival,
    ChannelId,
    CustomerAddress,
    DeliveryId,
    Edited,
    ExternalId,
    Inbound,
    Media,
    MediaKind,
    MediaRef,
    ParseError,
    Receipt,
    ReceiptState,
    Removed,
    Text,
    Unsupported,
)
from hookflash.sdk.testing.fakes.meta_payloads import INSTAGRAM, PAGE, messenger_body, messenger_item
from tests.channels.payloads import names, payload, recorded

CHANNEL = ChannelId("page")
PSID = "7024325617613210"
CUSTOMER = CustomerAddress(channel=CHANNEL, id=PSID, account=PAGE)


def _read(name: str) -> list[Arrival]:
    if name.startswith("instagram"):
        return read(payload("messenger", name), CHANNEL, "instagram", INSTAGRAM).arrivals
    return read(payload("messenger", name), CHANNEL, "page", PAGE).arrivals


def _item(name: str) -> Any:  # noqa: ANN401  any JSON
    entry = recorded("messenger", name)["entry"][0]
    return (entry.get("messaging") or entry["standby"])[0]


def _at(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _said(name: str, content: Text | Media, number: int = 0, **more: Any) -> Inbound:  # noqa: ANN401  fields of Inbound
    item = _item(name)
    mid = (item.get("message") or item.get("postback"))["mid"]
    key = f"{mid}:{number}" if number else mid
    return Inbound(
        dedupe_key=key,
        address=CUSTOMER,
        content=content,
        at=_at(item["timestamp"]),
        external_id=ExternalId(mid),
        **more,
    )


def _medium(kind: MediaKind, url: str) -> Media:
    return Media(kind=kind, ref=MediaRef(url=url))


EXPECTED = {
    "text": [_said("text", Text(text="Can you help me?"))],
    "text_reply": [
        _said("text_reply", Text(text="That one"), reply_to=ExternalId("m_1457764197618:41d102a3e1ae206a38"))
    ],
    "quick_reply": [_said("quick_reply", Text(text="Red", choice_id="COLOR_RED"))],
    "image": [_said("image", _medium(MediaKind.IMAGE, "https://scontent.xx.fbcdn.net/v/t1.15752-9/photo.jpg"))],
    "sticker": [_said("sticker", _medium(MediaKind.IMAGE, "https://scontent.xx.fbcdn.net/v/t39.1997-6/like.png"))],
    "text_and_files": [
        _said("text_and_files", Text(text="The bill and the recording")),
        _said("text_and_files", _medium(MediaKind.FILE, "https://cdn.fbsbx.com/v/t59.2708-21/bill.pdf"), 1),
        _said("text_and_files", _medium(MediaKind.AUDIO, "https://cdn.fbsbx.com/v/t59.3654-21/audioclip.mp4"), 2),
    ],
    "link": [_said("link", Text(text="https://www.example.com/"))],
    "postback": [_said("postback", Text(text="Talk to an agent", choice_id="AGENT"))],
    "echo_of_ours": [
        _said(
            "echo_of_ours",
            Text(text="Here is your bill"),
            is_echo=True,
            delivery_id=DeliveryId("conversations/01k/deliveries/7"),
        )
    ],
    "echo_of_the_inbox": [
        _said("echo_of_the_inbox", Text(text="I answer from the page's inbox"), is_echo=True),
    ],
    "referral": [],
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_what_is_said_is_read_whole(name: str) -> None:
    assert _read(name) == EXPECTED[name]


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("location", "location"),
        ("unsupported", "unsupported message"),
        ("reaction", "reaction \u2764\ufe0f"),
        ("instagram_story_mention", "story mention"),
    ],
)
def test_what_cannot_be_shown_is_named(name: str, what: str) -> None:
    (arrival,) = _read(name)
    assert isinstance(arrival, Unsupported)
    assert arrival.what == what


def test_edits_and_deletions_name_the_message_that_they_are_of() -> None:
    (edit,) = _read("edit")
    mid = ExternalId("m_1457764197618:41d102a3e1ae206a38")
    assert edit == Edited(
        dedupe_key=f"{mid}:edit:1",
        address=CUSTOMER,
        external_id=mid,
        text="Can you help me, please?",
        at=_at(_item("edit")["timestamp"]),
    )
    (removed,) = _read("instagram_deleted")
    assert isinstance(removed, Removed)
    assert removed.external_id == _item("instagram_text")["message"]["mid"]
    (said,) = _read("instagram_text")
    assert isinstance(said, Inbound)
    assert removed.dedupe_key != said.dedupe_key


def test_receipts_go_by_ids_and_by_the_watermark_whichever_there_is() -> None:
    at, up_to = _at(_item("delivery")["timestamp"]), _at(1762352120999)
    named = [
        Receipt(
            dedupe_key=f"{mid}:delivered",
            state=ReceiptState.DELIVERED,
            at=at,
            external_id=ExternalId(mid),
            address=CUSTOMER,
        )
        for mid in _item("delivery")["delivery"]["mids"]
    ]
    mark = Receipt(
        dedupe_key=f"{PSID}:delivered:1762352120.999",
        state=ReceiptState.DELIVERED,
        at=up_to,
        up_to=up_to,
        address=CUSTOMER,
    )
    assert _read("delivery") == [*named, mark]
    (only,) = _read("delivery_without_ids")
    assert isinstance(only, Receipt)
    assert (only.up_to, only.external_id) == (_at(1762352121999), None)
    (seen,) = _read("read")
    assert isinstance(seen, Receipt)
    assert (seen.state, seen.up_to) == (ReceiptState.READ, _at(1762352122999))
    (seen,) = _read("instagram_seen")
    assert isinstance(seen, Receipt)
    assert (seen.state, seen.up_to, bool(seen.external_id)) == (ReceiptState.READ, None, True)


def test_on_standby_words_are_marked_receipts_are_taken_and_the_rest_is_another_applications() -> None:
    said, seen = _read("standby")
    assert isinstance(said, Inbound)
    assert (said.is_standby, said.content) == (True, Text(text="Said to the bot"))
    assert isinstance(seen, Receipt)
    assert not any(isinstance(each, Inbound) and each.is_standby for name in names("messenger") if name != "standby"
                   for each in _read(name))  # fmt: skip


def test_every_item_of_every_entry_is_read_and_a_bad_one_costs_no_other() -> None:
    assert [type(each) for each in _read("batched")] == [Inbound, Inbound, Inbound, Receipt]
    body = recorded("messenger", "batched")
    good = body["entry"][0]["messaging"][0]
    body["entry"][0]["messaging"] = [None, {}, {**good, "timestamp": "soon"}, {**good, "sender": {}}, 7, good]
    reading = read(json.dumps(body).encode(), CHANNEL, "page", PAGE)
    assert len(reading.arrivals) == 3
    assert reading.skipped == {"unreadable": 5}


def test_another_page_is_not_ours_and_another_platform_is_no_request_of_this_channel() -> None:
    reading = read(payload("messenger", "text"), CHANNEL, "page", "1")
    assert (reading.arrivals, reading.skipped) == ([], {"another page": 1})
    with pytest.raises(ParseError, match="not about page"):
        read(payload("messenger", "instagram_text"), CHANNEL, "page", PAGE)


def test_an_echo_on_instagram_is_left_out_for_it_cannot_be_told_whose_it_is() -> None:
    assert _read("instagram_echo") == []


def test_the_fake_speaks_as_the_recorded_payloads_do() -> None:
    for name in ("text", "echo_of_ours", "delivery", "read"):
        item = _item(name)
        of = {key: value for key, value in item.items() if key not in ("sender", "recipient", "timestamp")}
        made = messenger_body(messenger_item(item["sender"]["id"], item["recipient"]["id"], item["timestamp"], **of))
        assert json.loads(made) == recorded("messenger", name)

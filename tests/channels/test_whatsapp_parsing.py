"""What WhatsApp brings beyond what the oracle checks: who it is from, batches, bad items, what is not ours."""

import json
from typing import Any

import pytest

from hookflash.plugins.whatsapp import WhatsApp
from hookflash.plugins.whatsapp.adapter import WhatsAppConfig
from hookflash.plugins.whatsapp.messages import read
from hookflash.sdk import Arrival, ChannelId, Inbound, ParseError, Receipt, Secret, Unsupported
from hookflash.sdk.testing import RecordedLog, channel_context
from hookflash.sdk.testing.fakes.meta_payloads import NUMBER, whatsapp_body, whatsapp_status, whatsapp_text
from tests.channels.payloads import payload, recorded, signed

CHANNEL = ChannelId("wa")
USER, PHONE, PARENT = "US.13491208655302741918", "16505551234", "US.ENT.11815799212886844830"


def _read(name: str) -> list[Arrival]:
    return read(payload("whatsapp", name), CHANNEL, NUMBER).arrivals


def _one(name: str) -> Any:  # noqa: ANN401  any arrival
    (arrival,) = _read(name)
    return arrival


def _value(body: Any) -> Any:  # noqa: ANN401  any JSON
    return body["entry"][0]["changes"][0]["value"]


@pytest.mark.parametrize(
    ("name", "identifier", "aliases"),
    [
        ("text", USER, (PHONE,)),
        ("before_user_ids", PHONE, ()),
        ("username_without_number", USER, (PARENT,)),
        ("system_number", PHONE, ("US.99991208655302741918", "12195555358")),
        ("echo", USER, (PHONE,)),
        ("status_sent", USER, (PHONE,)),
    ],
)
def test_a_customer_is_known_by_his_user_id_else_by_his_number_and_his_other_ids_are_aliases(
    name: str, identifier: str, aliases: tuple[str, ...]
) -> None:
    address = _one(name).address
    assert (address.channel, address.account) == (CHANNEL, NUMBER)
    assert (address.id, address.aliases) == (identifier, aliases)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("reaction", "reaction \U0001f44d"),
        ("reaction_removed", "took back a reaction"),
        ("location", "location 40.782910,-73.959076 Guggenheim Museum"),
        ("contacts", "contact card"),
        ("order", "order"),
        ("unsupported", "unsupported message"),
        ("system_number", "changed number"),
        ("group", "group message"),
    ],
)
def test_what_cannot_be_shown_is_named(name: str, what: str) -> None:
    arrival = _one(name)
    assert isinstance(arrival, Unsupported)
    assert arrival.what == what


def test_every_message_and_status_of_every_change_of_every_entry_is_read() -> None:
    arrivals = _read("batched")
    assert [type(each) for each in arrivals] == [Inbound, Inbound, Receipt, Receipt, Receipt, Inbound]
    keys = [each.dedupe_key for each in arrivals if isinstance(each, Inbound | Receipt)]
    assert len(set(keys)) == len(keys) == 6


def test_a_bad_item_is_shown_where_its_sender_is_known_and_costs_no_other() -> None:
    body = recorded("whatsapp", "text")
    (good,) = _value(body)["messages"]
    broken = {**good, "id": "wamid.broken", "text": {}}
    nobody = {**good, "id": "wamid.nobody", "from": None}
    _value(body)["contacts"].append({"profile": {"name": "Somebody else"}, "wa_id": "1", "user_id": "US.1"})
    _value(body)["messages"] = [None, 7, broken, nobody, {**good, "timestamp": "soon"}, {**good, "id": 5}, good]
    _value(body)["statuses"] = [{}, {"id": "x", "status": "warning", "timestamp": "1"}]
    reading = read(json.dumps(body).encode(), CHANNEL, NUMBER)
    unreadable, said = reading.arrivals
    assert isinstance(unreadable, Unsupported)
    assert (unreadable.external_id, unreadable.what) == ("wamid.broken", "text that cannot be read")
    assert isinstance(said, Inbound)
    assert reading.skipped == {"unreadable": 7}


def test_other_fields_are_nobodys_business_and_other_numbers_are_told_to_the_log() -> None:
    log = RecordedLog()
    secret = Secret("s")
    config = WhatsAppConfig(phone_number_id="1", app_secret=secret, verify_token=secret, access_token=secret)
    adapter = WhatsApp(channel_context(log=log), config)
    assert list(adapter.parse(signed(payload("whatsapp", "text")))) == []
    assert log.entries == [("warning", "items_skipped", {"another_number": 1})]
    quality = {"field": "phone_number_quality_update", "value": {}}
    body = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [quality]}]}
    assert list(adapter.parse(signed(json.dumps(body).encode()))) == []
    assert len(log.entries) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"object": "page", "entry": []}',
        b'{"object": "whatsapp_business_account"}',
        b'{"object": "whatsapp_business_account", "entry": 7}',
        b"[" * 100_000,
    ],
)
def test_what_is_not_of_whatsapp_is_a_parse_error(body: bytes) -> None:
    with pytest.raises(ParseError):
        read(body, CHANNEL, NUMBER)


def test_a_request_of_which_nothing_can_be_read_is_reported_whole() -> None:
    body = whatsapp_body(messages=[{}], statuses=[{}])
    with pytest.raises(ParseError, match="none of 2 items can be read"):
        read(body, CHANNEL, NUMBER).tell(RecordedLog())


def test_the_fake_speaks_as_the_recorded_payloads_do() -> None:
    text = recorded("whatsapp", "text")
    (message,) = _value(text)["messages"]
    (contact,) = _value(text)["contacts"]
    made = whatsapp_text(message["id"], message["from"], message["text"]["body"], int(message["timestamp"]))
    assert json.loads(whatsapp_body(messages=[made], contact=contact)) == text
    sent = recorded("whatsapp", "status_sent")
    (status,) = _value(sent)["statuses"]
    ours = status["biz_opaque_callback_data"]
    made = whatsapp_status(status["id"], "sent", status["recipient_id"], int(status["timestamp"]), ours)
    assert made.items() <= status.items()

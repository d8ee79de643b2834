"""WhatsApp as pywa reads it: the same payloads, the same error codes, the same signatures.

pywa is a library of others for the same API; it is needed for this test only.
"""

from typing import Any

import pytest
import pywa.errors
from pywa.client import WhatsApp as PywaClient
from pywa.types.base_update import RawUpdate
from pywa.types.message import DeletedMessage, EditedMessage, Message, OutgoingMessage
from pywa.types.message_status import MessageStatus
from pywa.types.user import BaseUser

from hookflash.plugins.meta.errors import GraphError, Means, named
from hookflash.plugins.whatsapp.errors import ERRORS
from hookflash.plugins.whatsapp.messages import read
from hookflash.sdk import (
    Arrival,
    AuthExpired,
    BadSignature,
    Blocked,
    ChannelId,
    Edited,
    Inbound,
    Media,
    Permanent,
    Receipt,
    ReceiptState,
    Removed,
    Secret,
    SendError,
    Text,
    Throttled,
    Transient,
    Unsupported,
    WindowClosed,
)
from hookflash.sdk.signing import meta_sha256
from hookflash.sdk.testing.fakes.meta import APP_SECRET, VERIFY_TOKEN
from hookflash.sdk.testing.fakes.meta_payloads import NUMBER, signature
from tests.channels.payloads import names, payload

# What pywa cannot read: it takes the user id for granted, and reads one item of a request.
NOT_FOR_PYWA = {"before_user_ids", "batched"}
STATES = {"sent": "SENT", "delivered": "DELIVERED", "read": "READ", "played": "READ", "failed": "FAILED"}


CLIENT = PywaClient(phone_id=NUMBER, token="t", server=None, app_secret=APP_SECRET, verify_token=VERIFY_TOKEN)  # noqa: S106


def _by_pywa(body: bytes) -> Any:  # noqa: ANN401  any of pywa's updates
    update = RawUpdate(body, hmac_header=None, update_hash="")
    kind = CLIENT._get_handler_type(update)  # noqa: SLF001  how pywa tells updates apart
    assert kind is not None
    return CLIENT._handlers_to_updates[kind].from_update(client=CLIENT, update=update)  # noqa: SLF001


def _ours(body: bytes) -> Arrival:
    (arrival,) = read(body, ChannelId("wa"), NUMBER).arrivals
    return arrival


@pytest.mark.parametrize("name", sorted(set(names("whatsapp")) - NOT_FOR_PYWA))
def test_we_read_a_payload_as_pywa_does(name: str) -> None:
    body = payload("whatsapp", name)
    theirs, ours = _by_pywa(body), _ours(body)
    assert not isinstance(ours, Inbound | Edited | Removed | Unsupported | Receipt) or ours.at == theirs.timestamp
    match ours:
        case Receipt():
            _is_the_status(ours, theirs)
        case Edited():
            assert isinstance(theirs, EditedMessage)
            changed = theirs.message.text or theirs.message.caption
            told = (ours.dedupe_key, ours.external_id, ours.text)
            assert told == (theirs.id, theirs.original_message_id, changed)
        case Removed():
            assert isinstance(theirs, DeletedMessage)
            assert (ours.dedupe_key, ours.external_id) == (theirs.id, theirs.original_message_id)
        case Unsupported():
            assert ours.dedupe_key == theirs.id
            _is_from(ours, theirs.from_user)
        case Inbound():
            assert ours.dedupe_key == theirs.id
            assert (ours.name, ours.is_echo) == (theirs.from_user.name, type(theirs) is OutgoingMessage)
            assert ours.reply_to == (theirs.reply_to_message.id if theirs.reply_to_message else None)
            _is_from(ours, theirs.from_user)
            _says_the_same(ours, theirs)
        case _:
            raise AssertionError(ours)


def _is_from(ours: Inbound | Unsupported, user: BaseUser) -> None:
    ids = {user.bsuid, user.wa_id, user.parent_bsuid} - {None}
    assert ids <= {ours.address.id, *ours.address.aliases}
    if ours.address.id != user.wa_id:
        assert ours.address.id == user.bsuid


def _says_the_same(ours: Inbound, theirs: Any) -> None:  # noqa: ANN401  a message or a pressed button
    match ours.content:
        case Text(text=text):
            assert text == (theirs.text if isinstance(theirs, Message) else theirs.title)
        case Media(ref=ref, caption=caption):
            assert (ref.id, ref.mime_type, caption) == (theirs.media.id, theirs.media.mime_type, theirs.caption or "")
            assert ref.name == (getattr(theirs.media, "filename", None) or "")


def _is_the_status(ours: Receipt, theirs: Any) -> None:  # noqa: ANN401  checked in the first line
    assert isinstance(theirs, MessageStatus)
    assert (ours.external_id, ours.state) == (theirs.id, STATES[theirs.status])
    assert ours.delivery_id == theirs.tracker
    assert (ours.error is not None) == (theirs.error is not None)
    if theirs.error is not None:
        assert ours.error == f"{theirs.error.details} ({theirs.error.code})"
    assert ours.state in ReceiptState


# What pywa's families mean to a delivery; None: the family says nothing.
FAMILIES: dict[type[pywa.errors.WhatsAppError], type[SendError] | None] = {
    pywa.errors.AuthException: AuthExpired,
    pywa.errors.ExpiredAccessToken: AuthExpired,
    pywa.errors.AuthorizationError: Permanent,
    pywa.errors.ThrottlingError: Throttled,
    pywa.errors.AccountRestrictedFromCountry: Permanent,
    pywa.errors.IntegrityError: AuthExpired,
    pywa.errors.ReEngagementMessage: WindowClosed,
    pywa.errors.UserStoppedMarketingMessages: Blocked,
    pywa.errors.UnknownError: Transient,
    pywa.errors.ServiceUnavailable: Transient,
    pywa.errors.AccountInMaintenanceMode: Transient,
    pywa.errors.SendMessageError: Permanent,
}


def _codes() -> dict[int, type[SendError]]:
    found: dict[int, type[SendError]] = {}
    for code, theirs in pywa.errors._all_exceptions().items():  # noqa: SLF001  the whole table
        family = next((means for base, means in FAMILIES.items() if issubclass(theirs, base)), None)
        if family is not None:
            found[code] = family
    return found


def test_every_error_code_that_pywa_knows_of_sending_has_a_name_that_fits_its_class() -> None:
    codes = _codes()
    assert len(codes) > 140
    ours = {code: type(named(GraphError(400, code), ERRORS)) for code in codes}
    assert ours == codes
    assert set(codes) <= set(ERRORS.codes), "in the table, not by the HTTP status"


def test_permissions_and_payment_alarm_an_admin_and_only_the_pair_limit_is_the_customers_own() -> None:
    alarming = {code for code, means in ERRORS.codes.items() if means is Means.ALARM}
    assert {3, 10, 200, 299, 131005, 131042, 131045} <= alarming
    assert not alarming & {131026, 131047, 132000}
    assert [code for code, means in ERRORS.codes.items() if means is Means.ADDRESS_RATE] == [131056]


@pytest.mark.parametrize("name", names("whatsapp"))
def test_pywa_and_we_agree_on_signatures(name: str) -> None:
    body = payload("whatsapp", name)
    for header in (signature(APP_SECRET, body), signature("another", body), signature(APP_SECRET, body + b" ")):
        is_refused_by_pywa = CLIENT.webhook_update_validator(body, header) is not None
        try:
            meta_sha256(Secret(APP_SECRET), body, header)
            is_refused = False
        except BadSignature:
            is_refused = True
        assert is_refused == is_refused_by_pywa

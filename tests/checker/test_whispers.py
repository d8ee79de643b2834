"""A secret is found however a channel encodes what it sends."""

import json
import quopri
from base64 import b64encode, encodebytes, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookflash.engine.checker.whispers import find_secret, notice_leak
from hookflash.engine.domain.notices import NoticeKey

SAID = 'kept "quiet" / für alle=Zeit'

ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "as it is": lambda raw: raw,
    "base64": b64encode,
    "base64 for addresses": urlsafe_b64encode,
    "base64 in lines": encodebytes,
    "quoted-printable": quopri.encodestring,
    "JSON": lambda raw: json.dumps({"text": raw.decode()}).encode(),
    "JSON in JSON": lambda raw: json.dumps({"text": json.dumps({"body": raw.decode()})}).encode(),
    "base64 in JSON": lambda raw: json.dumps({"text": b64encode(raw).decode()}).encode(),
    "JSON in base64": lambda raw: b64encode(json.dumps({"text": raw.decode()}).encode()),
    "URL": lambda raw: quote(raw).encode(),
}


@pytest.mark.spec("I7")
@pytest.mark.parametrize("encode", [pytest.param(f, id=name) for name, f in ENCODINGS.items()])
def test_a_secret_is_found_in_every_encoding(encode: Callable[[bytes], bytes]) -> None:
    raw = encode(f"Hello, {SAID} and more of it, and more, and more of all that".encode())
    assert find_secret(raw, ["something else", SAID]) == SAID


@given(st.binary(max_size=300))
def test_whatever_the_bytes_are_looking_for_a_secret_ends(raw: bytes) -> None:
    assert find_secret(raw, [SAID]) is None


@pytest.mark.spec("I7")
def test_a_notice_that_always_says_so_is_no_leak_and_one_with_more_in_it_is() -> None:
    usual = "Your request is being transferred to Billing, please wait!"
    key = NoticeKey.TRANSFER_CUSTOMER_PLACED
    assert notice_leak(key, usual, ["Your request is being transferred to"]) is None
    assert notice_leak(
        key, "Your request is being transferred to he is angry again, please wait!", ["he is angry again"]
    )

"""Our signatures are those of the vendors' own libraries, and nothing near them passes."""

import base64
import hashlib
import random
import string
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from standardwebhooks import Webhook, WebhookVerificationError
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from hookflash.sdk import BadSignature, Secret
from hookflash.sdk.signing import (
    require_standard_webhooks_secret,
    sign_standard_webhooks,
    standard_webhooks,
    twilio,
)

TOKEN = Secret("auth-token-12345")
SHARED = Secret("shared-key-67890")
KEY = Secret("whsec_" + base64.b64encode(b"k" * 24).decode())
OLD_KEY = Secret("whsec_" + base64.b64encode(b"o" * 32).decode())
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SIGNS = string.ascii_letters + string.digits + " +&=%?/äß€\U0001f600\t"


def _refused(url: str, body: bytes, header: str | None, **named: object) -> BadSignature:
    with pytest.raises(BadSignature) as refusal:
        twilio(TOKEN, url, body, header, **named)  # type: ignore[arg-type]
    return refusal.value


def _random_url(draw: random.Random) -> str:
    port = draw.choice(["", ":443", ":80", ":8443"])
    query = draw.choice(["", "?a=1", "?foo=b%20r&x=%C3%A4"])
    return f"{draw.choice(['https', 'http'])}://api.example.org{port}/channels/sms{query}"


def _random_fields(draw: random.Random) -> dict[str, str]:
    def text(size: int) -> str:
        return "".join(draw.choice(SIGNS) for _ in range(draw.randrange(size)))

    return {text(12) or "Body": text(40) for _ in range(draw.randrange(25))}


def test_twilio_forms_are_taken_exactly_when_twilios_own_library_takes_them() -> None:
    draw = random.Random(4)  # noqa: S311 - repeatable by intent
    oracle = RequestValidator(TOKEN.reveal())
    for _ in range(500):
        url, fields = _random_url(draw), _random_fields(draw)
        signature = oracle.compute_signature(url, fields)
        body = urlencode(fields).encode()
        assert oracle.validate(url, fields, signature)
        twilio(TOKEN, url, body, signature)
        added = {**fields, "NewInMarch": ""}
        assert not oracle.validate(url, added, signature)
        assert not _refused(url, urlencode(added).encode(), signature).is_absent


@pytest.mark.parametrize(
    ("signed", "configured"),
    [
        ("https://x.example/sms?a=b", "https://x.example:443/sms?a=b"),
        ("https://x.example:443/sms", "https://x.example/sms"),
        ("http://x.example:80/sms", "http://x.example/sms"),
        ("https://x.example/sms", "https://x.example:8443/sms"),
    ],
)
def test_the_url_is_taken_with_and_without_its_port(signed: str, configured: str) -> None:
    signature = RequestValidator(TOKEN.reveal()).compute_signature(signed, {"a": "b"})
    twilio(TOKEN, configured, b"a=b", signature)
    assert not _refused(configured.replace("x.example", "y.example"), b"a=b", signature).is_absent


def test_a_field_that_comes_twice_is_signed_with_each_distinct_value() -> None:
    class Several(dict[str, list[str]]):
        def getall(self, name: str) -> list[str]:
            return self[name]

    fields = Several({"To": ["+2", "+1", "+2"], "Body": ["b"]})
    signature = RequestValidator(TOKEN.reveal()).compute_signature("https://x.example/", fields)
    twilio(TOKEN, "https://x.example/", b"To=%2B2&Body=b&To=%2B1&To=%2B2", signature)


def test_twilio_json_bodies_are_covered_by_the_digest_in_the_url() -> None:
    draw = random.Random(5)  # noqa: S311 - repeatable by intent
    oracle = RequestValidator(TOKEN.reveal())
    for number in range(500):
        body = f'{{"number": {number}, "text": "{"".join(draw.choice("abcäß") for _ in range(20))}"}}'
        digest = hashlib.sha256(body.encode()).hexdigest()
        url = f"https://api.example.org{draw.choice(['', ':443', ':8443'])}/sms?a=b&bodySHA256={digest}"
        signature = oracle.compute_signature(url, {})
        assert oracle.validate(url, body, signature)
        twilio(TOKEN, url, body.encode(), signature)
        assert not oracle.validate(url, body + " ", signature)
        assert not _refused(url, body.encode() + b" ", signature).is_absent
    plain = oracle.compute_signature("https://api.example.org/sms", {})
    assert not _refused("https://api.example.org/sms", b'{"a":1}', plain).is_absent


@pytest.mark.parametrize("algorithm", ["HMAC_SHA256", "HMAC_SHA1", "hmac_sha256"])
def test_the_settings_header_switches_key_and_hash(algorithm: str) -> None:
    url, fields = "https://api.example.org/sms", {"Body": "Hello", "From": "+491701234567"}
    body, settings = urlencode(fields).encode(), f"key=webhooks_sharedkey_1,algorithm={algorithm}"
    signature = RequestValidator(SHARED.reveal()).compute_signature(url, fields, algorithm)
    twilio(TOKEN, url, body, signature, settings=settings, shared_key=SHARED)
    assert not _refused(url, body, signature, settings=settings, shared_key=TOKEN).is_absent
    assert not _refused(url, body, signature, settings=settings).is_absent, "no shared key was configured"
    assert not _refused(url, body, signature, shared_key=SHARED).is_absent, "without the header it is the auth token"
    unknown = "key=k,algorithm=HMAC_MD5"
    assert not _refused(url, body, signature, settings=unknown, shared_key=SHARED).is_absent


def test_the_auth_token_signs_nothing_that_names_a_shared_key() -> None:
    url, fields = "https://api.example.org/sms", {"Body": "Hello"}
    signature = RequestValidator(TOKEN.reveal()).compute_signature(url, fields, "HMAC_SHA256")
    settings = "key=k,algorithm=HMAC_SHA256"
    assert not _refused(url, urlencode(fields).encode(), signature, settings=settings, shared_key=SHARED).is_absent


def test_absent_is_told_apart_from_wrong() -> None:
    assert _refused("https://x.example/", b"", None).is_absent
    assert _refused("https://x.example/", b"", "").is_absent
    assert not _refused("https://x.example/", b"", "\u00e4\udc80").is_absent
    assert not _refused("https://x.example/", b"&".join([b"a=1"] * 1001), "x").is_absent


def _oracle_takes(secret: Secret, headers: Mapping[str, str], body: bytes) -> bool:
    try:
        Webhook(secret.reveal()).verify(body, dict(headers), json_parse=False)
    except WebhookVerificationError:
        return False
    return True


def test_standard_webhooks_signed_here_verify_there_and_the_other_way_round() -> None:
    draw = random.Random(6)  # noqa: S311 - repeatable by intent
    now = datetime.now(UTC)  # The library reads the wall clock.
    for number in range(200):
        body = "".join(draw.choice(SIGNS) for _ in range(draw.randrange(200))).encode()
        key = Secret("whsec_" + base64.b64encode(draw.randbytes(draw.randrange(24, 65))).decode())
        headers = sign_standard_webhooks([key], f"msg_{number}", body, now)
        assert _oracle_takes(key, headers, body)
        assert not _oracle_takes(key, headers, body + b"x")
        theirs = {**headers, "webhook-signature": Webhook(key.reveal()).sign(f"msg_{number}", now, body.decode())}
        standard_webhooks([key], theirs, body, now)
        assert theirs == headers


def test_both_sides_may_change_their_key() -> None:
    both = sign_standard_webhooks([KEY, OLD_KEY], "m", b"{}", NOW)
    for known in (KEY, OLD_KEY):
        standard_webhooks([known], both, b"{}", NOW)
    standard_webhooks([KEY, OLD_KEY], sign_standard_webhooks([OLD_KEY], "m", b"{}", NOW), b"{}", NOW)


def test_other_versions_are_ignored_and_never_enough() -> None:
    headers = dict(sign_standard_webhooks([KEY], "m", b"{}", NOW))
    genuine = headers["webhook-signature"]
    standard_webhooks([KEY], {**headers, "webhook-signature": f"v1a,AAAA v2,x nonsense {genuine}"}, b"{}", NOW)
    for forged in ("v1a," + genuine[3:], "v2," + genuine[3:], genuine[3:], genuine + "A", "v1,", "v1,\u00e4", ","):
        with pytest.raises(BadSignature) as refusal:
            standard_webhooks([KEY], {**headers, "webhook-signature": forged}, b"{}", NOW)
        assert not refusal.value.is_absent


@pytest.mark.parametrize("late_s", [-301, 301])
def test_five_minutes_either_way_and_not_a_second_more(late_s: int) -> None:
    headers = sign_standard_webhooks([KEY], "m", b"{}", NOW)
    standard_webhooks([KEY], headers, b"{}", NOW + timedelta(seconds=late_s - (1 if late_s > 0 else -1)))
    with pytest.raises(BadSignature):
        standard_webhooks([KEY], headers, b"{}", NOW + timedelta(seconds=late_s))


@pytest.mark.parametrize("timestamp", ["now", "-1", "1e9", "\uff11\uff17\uff16\uff17", "9" * 40])
def test_a_timestamp_that_is_no_number_of_seconds_is_refused(timestamp: str) -> None:
    headers = {**sign_standard_webhooks([KEY], "m", b"{}", NOW), "webhook-timestamp": timestamp}
    with pytest.raises(BadSignature):
        standard_webhooks([KEY], headers, b"{}", NOW)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_each_of_the_three_headers_is_needed(name: str) -> None:
    headers = {key: value for key, value in sign_standard_webhooks([KEY], "m", b"{}", NOW).items() if key != name}
    with pytest.raises(BadSignature) as refusal:
        standard_webhooks([KEY], headers, b"{}", NOW)
    assert refusal.value.is_absent


def test_a_secret_that_is_none_is_refused_without_being_shown() -> None:
    require_standard_webhooks_secret(KEY)
    require_standard_webhooks_secret(Secret(KEY.reveal().removeprefix("whsec_").rstrip("=")))
    for text in ("whsec_", "whsec_c2hvcnQ=", "whsec_not base64 at all!!!!!!!!!!!!!!!!!!!", "hunter2"):
        with pytest.raises(ValueError, match="reads whsec_") as refusal:
            require_standard_webhooks_secret(Secret(text))
        assert text.removeprefix("whsec_") not in str(refusal.value) or text == "whsec_"
        assert refusal.value.__context__ is None
    with pytest.raises(ValueError, match="webhook-id"):
        sign_standard_webhooks([KEY], "two words", b"", NOW)

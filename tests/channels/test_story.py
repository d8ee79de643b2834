"""The story's own watchman finds a whisper in every coating that a channel may give it."""

import json
from base64 import b64encode
from urllib.parse import urlencode

import pytest

from tests.channels.story import SECRETS, holds_no_secret


@pytest.mark.parametrize("secret", [*SECRETS, "Queue transfer request has been placed by Ann"])
def test_a_secret_is_found_plain_in_json_in_forms_and_in_base64(secret: str) -> None:
    for before in ("", "a", "ab"):
        text = f"{before}{secret} and so on"
        for leak in (
            text.encode(),
            json.dumps({"text": {"body": text}}).encode(),
            urlencode({"Body": text}).encode(),
            text.encode("utf-16-le"),
            b"Content-Transfer-Encoding: base64\r\n\r\n" + b64encode(text.encode()),
        ):
            with pytest.raises(AssertionError, match="reached the provider"):
                holds_no_secret(b"something before" + leak)
    holds_no_secret(b"Hello Carl, let me look at that")

"""What every check of a signature keeps, held against an oracle: best the vendor's own library.

Needs `signed`, a request as the oracle signs it, and `verify`, the check under test. Whoever also makes signatures
gives `made`, which must be the oracle's own.
"""
# ruff: noqa: S101 - these are tests

import random
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from hookflash.sdk.channel import HttpRequest
from hookflash.sdk.errors import BadSignature
from hookflash.sdk.testing.levels import bronze, not_applicable, silver

__all__ = ["SigningContract"]

_ROUNDS = 200


class SigningContract(ABC):
    """Subclass it as `TestMine`; `header` is the one (in lower case) that holds the signature.

    `signs_the_body` is False where the header is a shared secret. `own_secrets` are two secrets of the scheme's form.
    """

    contract: ClassVar[str] = "1.0"
    header: ClassVar[str]
    signs_the_body: ClassVar[bool] = True
    own_secrets: ClassVar[tuple[str, str]] = ("a secret of this test", "another one of this test")

    @abstractmethod
    def signed(self, secret: str, body: bytes) -> HttpRequest:
        """Give a request with that body as the oracle signs it."""

    @abstractmethod
    def verify(self, secret: str, request: HttpRequest) -> None:
        """Check a request, as the adapter does; raises BadSignature."""

    def made(self, secret: str, body: bytes) -> Mapping[str, str] | None:  # noqa: ARG002 - for those who override it
        """Give the headers that we make for that body; None where we only check."""
        return None

    def body(self, draw: random.Random) -> bytes:
        """Make some body that this scheme signs."""
        return draw.randbytes(draw.randrange(200))

    @bronze
    def test_what_the_oracle_signs_is_genuine(self) -> None:
        """Two hundred bodies, under either secret."""
        draw = random.Random(1)  # noqa: S311 - repeatable by intent
        for _ in range(_ROUNDS):
            secret, body = draw.choice(self.own_secrets), self.body(draw)
            self.verify(secret, self.signed(secret, body))

    @bronze
    def test_nothing_near_it_is(self) -> None:
        """Neither another body, nor another secret, nor a shorter, longer, empty or non-ASCII signature."""
        draw = random.Random(2)  # noqa: S311 - repeatable by intent
        secret, other = self.own_secrets
        for _ in range(_ROUNDS):
            genuine = self.signed(secret, self.body(draw))
            signature = genuine.headers[self.header]
            forged = [self.signed(other, genuine.body)]
            forged += [replace(genuine, body=genuine.body + b"x")] if self.signs_the_body else []
            for wrong in (signature[:-1], f"{signature}0", f"\u00e4{signature[1:]}", "0" * len(signature)):
                forged.append(replace(genuine, headers={**genuine.headers, self.header: wrong}))
            for request in forged:
                assert not self._refusal(request).is_absent

    @bronze
    def test_a_signature_that_is_absent_is_told_from_a_wrong_one(self) -> None:
        """401 and not 403; an empty header is none."""
        genuine = self.signed(self.own_secrets[0], self.body(random.Random(3)))  # noqa: S311 - as above
        bare = {name: value for name, value in genuine.headers.items() if name != self.header}
        for headers in (bare, {**bare, self.header: ""}):
            assert self._refusal(replace(genuine, headers=headers)).is_absent

    @bronze
    def test_a_refusal_tells_neither_secret_nor_body(self) -> None:
        """Whatever is logged of it."""
        secret = self.own_secrets[0]
        genuine = self.signed(secret, self.body(random.Random(4)))  # noqa: S311 - as above
        refusal = self._refusal(replace(genuine, headers={**genuine.headers, self.header: "wrong"}))
        shown = f"{refusal!s} {refusal!r} {vars(refusal)}"
        assert secret not in shown
        assert not genuine.body or repr(genuine.body)[2:-1] not in shown

    @silver
    def test_what_we_make_is_what_the_oracle_makes(self) -> None:
        """To the letter, for whoever also signs."""
        draw = random.Random(5)  # noqa: S311 - repeatable by intent
        for _ in range(_ROUNDS):
            secret, body = draw.choice(self.own_secrets), self.body(draw)
            made = self.made(secret, body)
            if made is None:
                not_applicable("this scheme is only checked here")
            genuine = self.signed(secret, body).headers
            assert {name: genuine.get(name) for name in made} == made

    def _refusal(self, request: HttpRequest) -> BadSignature:
        try:
            self.verify(self.own_secrets[0], request)
        except BadSignature as refusal:
            return refusal
        raise AssertionError("a forged request was taken for genuine")

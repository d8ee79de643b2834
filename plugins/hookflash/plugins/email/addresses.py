"""Mail addresses: who somebody is, and what may stand on the wire.

A customer is his address in lower case, for nobody is two people because of a capital letter. Mail goes to the spelling
that he used himself.
"""

import re
from typing import Final

__all__ = ["ADDRESS_LENGTH_MAX", "customer_id", "read_address", "split_plus"]

ADDRESS_LENGTH_MAX: Final = 254
"""Of RFC 5321: what fits a path of 256 with its angle brackets."""

_LOCAL_LENGTH_MAX: Final = 64
_ADDRESS: Final = re.compile(
    r"(?P<local>[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+)@(?P<domain>(?:[A-Za-z0-9-]+\.)*[A-Za-z0-9-]+)", re.ASCII
)


def read_address(given: str) -> str | None:
    """Give the address with its domain in ASCII; None for what cannot be written to.

    Neither spaces nor quotes nor control characters pass, so an address is safe in a header and in an SMTP command.
    """
    local, _, domain = given.strip().rpartition("@")
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError:
            return None
    address = f"{local}@{domain}"
    if len(local) > _LOCAL_LENGTH_MAX or len(address) > ADDRESS_LENGTH_MAX or _ADDRESS.fullmatch(address) is None:
        return None
    return address


def customer_id(address: str) -> str:
    """Whose address this is: the same for every spelling in capitals and small letters."""
    return address.lower()


def split_plus(address: str) -> tuple[str, str]:
    """The address without its `+token`, in lower case, and the token; an empty one where there is none."""
    local, _, domain = address.lower().rpartition("@")
    name, _, token = local.partition("+")
    return f"{name}@{domain}", token

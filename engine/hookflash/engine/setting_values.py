"""The table of settings: where each stands in the file, what it is called elsewhere, and what it may be.

A value comes as TOML's own type from the file, as text from the environment, as either from a flag; `Setting.read`
takes all three. The limits of `[engine]` are read off the fields of `Limits`, so that none can be forgotten here.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Final

from hookflash.engine.domain.limits import DURATION_MAX_S, RANGE, Limits, Range, UnattendedPolicy
from hookflash.engine.domain.struct import Struct

__all__ = [
    "ABSENT",
    "LIMITS",
    "LOG_FORMATS",
    "LOG_LEVELS",
    "TOP",
    "Setting",
    "SettingsError",
    "is_loopback",
    "known_names",
    "shown_value",
]

LOG_FORMATS: Final = ("console", "json")
LOG_LEVELS: Final = ("debug", "info", "warning", "error")
ABSENT: Final = object()
"""Stands for a setting that nobody gave."""

_PORT_MAX: Final = 65_535
_CAPACITY_MAX: Final = 1_000
_SHOWN_MAX: Final = 60
_ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9\[][A-Za-z0-9.:\[\]-]{0,259}/?")
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252})")


class SettingsError(ValueError):
    """The settings cannot be used; the message is one sentence that says which, and what would do."""


class _WrongError(ValueError):
    """A value is wrong; the message holds what would be right, as words that follow "must be"."""


class Setting(Struct, frozen=True):
    """One setting: its table and key in the file, its name as flag and variable, and its reader."""

    table: str
    key: str
    name: str
    reader: Callable[[object], object]

    def read(self, value: object, *, place: str) -> object:
        """Return the value in its own type, or raise SettingsError naming the place, the value and the range."""
        try:
            return self.reader(value)
        except _WrongError as error:
            raise SettingsError(
                f"{self.key} = {shown_value(value)} is refused ({place}): it must be {error}."
            ) from None


def shown_value(value: object) -> str:
    """Return a value fit for a sentence: on one line and not too long."""
    text = repr(value)
    return text if len(text) <= _SHOWN_MAX else f"{text[: _SHOWN_MAX - 3]}..."


def is_loopback(listen: str) -> bool:
    """Whether an address to listen on can be reached from this machine only: a loopback address or a Unix socket."""
    if listen.startswith("unix:"):
        return True
    host = listen.rpartition(":")[0].strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    match value.lower() if isinstance(value, str) else None:
        case "true" | "1" | "yes" | "on":
            return True
        case "false" | "0" | "no" | "off":
            return False
        case _:
            raise _WrongError("true or false")


def _number(allowed: Range) -> Callable[[object], float]:
    def read(value: object) -> float:
        number = _as_number(value, is_fraction_allowed=allowed.is_duration)
        if number is None or not allowed.holds(number):
            raise _WrongError(str(allowed))
        return number

    return read


def _as_number(value: object, *, is_fraction_allowed: bool) -> float | None:
    # In Python true is 1, and in a file it is a mistake.
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, float) and not is_fraction_allowed:
        return None
    try:
        return (float(value) if is_fraction_allowed else int(value)) if isinstance(value, str) else value
    except ValueError:
        return None


def _one_of(*words: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        if not isinstance(value, str) or value.lower() not in words:
            raise _WrongError(f"one of {', '.join(words)}")
        return value.lower()

    return read


def _policy(value: object) -> UnattendedPolicy:
    if not isinstance(value, str) or value not in set(UnattendedPolicy):
        raise _WrongError(f"one of {', '.join(UnattendedPolicy)}")
    return UnattendedPolicy(value)


def _queue(value: object) -> str:
    if not isinstance(value, str) or _ID.fullmatch(value) is None:
        raise _WrongError("the id of a queue: 1 to 63 of a-z, 0-9, `.`, `_` and `-`")
    return value


def _capacity(value: object) -> Mapping[str, int]:
    wrong = _WrongError(f"a table of media domains and whole numbers from 0 to {_CAPACITY_MAX:,}, as in {{chat = 3}}")
    if isinstance(value, str):
        # In the environment: chat=3,voice=1
        value = dict(part.partition("=")[::2] for part in value.split(","))
    if not isinstance(value, Mapping):
        raise wrong
    slots: dict[str, int] = dict(Limits().capacity)
    for domain, given in value.items():
        number = _as_number(given, is_fraction_allowed=False)
        if not isinstance(domain, str) or _ID.fullmatch(domain) is None or number is None:
            raise wrong
        if not 0 <= number <= _CAPACITY_MAX:
            raise wrong
        slots[domain] = int(number)
    return slots


def _path(value: object) -> Path:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value or "\0" in value:
        raise _WrongError("a path")
    return Path(value)


def _names(value: object) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        raise _WrongError("a list of plugin names")
    names = tuple(part.strip() if isinstance(part, str) else "" for part in parts)
    if any(_NAME.fullmatch(name) is None for name in names):
        raise _WrongError("a list of plugin names")
    return names


def _listen(value: object) -> str:
    wrong = _WrongError(f"HOST:PORT with a port from 0 to {_PORT_MAX:,}, [IPV6]:PORT, or unix:PATH")
    if not isinstance(value, str):
        raise wrong
    if value.startswith("unix:"):
        if not value.removeprefix("unix:") or "\0" in value:
            raise wrong
        return value
    host, _, port = value.rpartition(":")
    if not (port.isascii() and port.isdecimal() and len(port) <= len(str(_PORT_MAX)) and int(port) <= _PORT_MAX):
        raise wrong
    if not _is_host(host):
        raise wrong
    return value


def _port(value: object) -> str:
    if not isinstance(value, str) or value.startswith("unix:"):
        raise _WrongError(f"HOST:PORT with a port from 0 to {_PORT_MAX:,}, or [IPV6]:PORT")
    return _listen(value)


def _url(value: object) -> str:
    if not isinstance(value, str) or _ORIGIN.fullmatch(value) is None:
        raise _WrongError("a URL without a path, as in https://chat.example.com")
    return value.rstrip("/")


def _hosts(value: object) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    wrong = _WrongError('a list of host names and networks, as in ["sms.internal", "10.0.0.0/8"]')
    if not isinstance(parts, list | tuple):
        raise wrong
    hosts = tuple(part.strip().lower() if isinstance(part, str) else "" for part in parts)
    if any(_HOST.fullmatch(host) is None and not _is_network(host) for host in hosts):
        raise wrong
    return hosts


def _is_network(given: str) -> bool:
    try:
        ipaddress.ip_network(given)
    except ValueError:
        return False
    return True


def _is_host(host: str) -> bool:
    if host.startswith("[") and host.endswith("]"):
        try:
            ipaddress.IPv6Address(host[1:-1])
        except ValueError:
            return False
        return True
    return _HOST.fullmatch(host) is not None


def _of_limit(name: str, metadata: Mapping[str, object]) -> Setting:
    allowed = metadata.get(RANGE)
    if isinstance(allowed, Range):
        return Setting("engine", name, name, _number(allowed))
    readers: Mapping[str, Callable[[object], object]] = {
        "capacity": _capacity,
        "on_unattended": _policy,
        "on_unattended_queue": _queue,
        "is_history_visible": _boolean,
    }
    return Setting("engine", name, name, readers[name])


_REQUESTS: Final = Range(low=1, high=1_000_000, unit="requests a second")
_MEDIA_BYTES: Final = Range(low=0, high=1024**3, unit="bytes")
_MEDIA_TOTAL: Final = Range(low=0, high=1024**5, unit="bytes")
_MEDIA_KEPT: Final = Range(low=60, high=100 * 366 * 86_400, unit="seconds")
_TOKEN_TTL: Final = Range(low=0, high=DURATION_MAX_S, unit="seconds", is_duration=True)

TOP: Final = (
    Setting("", "listen", "listen", _listen),
    Setting("", "data", "data", _path),
    Setting("", "insecure_i_know", "insecure_i_know", _boolean),
    Setting("tls", "cert", "tls_cert", _path),
    Setting("tls", "key", "tls_key", _path),
    Setting("tls", "client_ca", "tls_client_ca", _path),
    Setting("tokens", "admin_file", "tokens_admin_file", _path),
    Setting("tokens", "ttl_s", "tokens_ttl_s", _number(_TOKEN_TTL)),
    Setting("metrics", "listen", "metrics_listen", _listen),
    Setting("http", "listen", "http_listen", _port),
    Setting("http", "public_url", "http_public_url", _url),
    Setting("http", "media_url", "http_media_url", _url),
    Setting("http", "cert", "http_cert", _path),
    Setting("http", "key", "http_key", _path),
    Setting("http", "is_behind_proxy", "http_is_behind_proxy", _boolean),
    Setting("http", "requests_per_s_max", "http_requests_per_s_max", _number(_REQUESTS)),
    Setting("http", "media_bytes_max", "http_media_bytes_max", _number(_MEDIA_BYTES)),
    Setting("http", "media_total_bytes_max", "http_media_total_bytes_max", _number(_MEDIA_TOTAL)),
    Setting("http", "media_kept_s", "http_media_kept_s", _number(_MEDIA_KEPT)),
    Setting("http", "allow_private", "http_allow_private", _hosts),
    Setting("log", "format", "log_format", _one_of(*LOG_FORMATS)),
    Setting("log", "level", "log_level", _one_of(*LOG_LEVELS)),
    Setting("plugins", "allow", "plugins_allow", _names),
    Setting("plugins", "plugins_dir", "plugins_dir", _path),
    Setting("plugins", "strict", "strict_plugins", _boolean),
)
"""All settings but the limits."""

LIMITS: Final = tuple(_of_limit(each.name, each.metadata) for each in fields(Limits))
"""The settings of `[engine]`."""


def known_names() -> Mapping[str, frozenset[str]]:
    """Return the keys of each table of the file, by the table's name; those outside any table under an empty one."""
    settings = (*TOP, *LIMITS)
    tables = {setting.table for setting in settings}
    return {table: frozenset(each.key for each in settings if each.table == table) for table in tables}

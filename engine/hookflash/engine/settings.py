"""What an engine is told when it starts: typed settings from file, environment and flags.

A flag goes before its `HOOKFLASH_*` variable, that before the file, that before the default. Everything is checked
before anything starts: one wrong or unknown key refuses the whole, with one sentence that names the key, the value and
what it may be. Queues, agents, channels and tokens are no settings: they are applied through the API.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hookflash.engine.domain.limits import Limits, UnattendedPolicy
from hookflash.engine.domain.notices import Catalogue, TextError
from hookflash.engine.setting_values import (
    ABSENT,
    LIMITS,
    LOG_FORMATS,
    TOP,
    Setting,
    SettingsError,
    is_loopback,
    known_names,
    shown_value,
)

__all__ = [
    "HttpSettings",
    "Limits",
    "LogSettings",
    "PluginSettings",
    "Settings",
    "SettingsError",
    "TlsSettings",
    "TokenSettings",
    "UnattendedPolicy",
    "find_file",
    "is_loopback",
    "load",
]

_FILE: Final = "hookflash.toml"
_FREE_TABLES: Final = ("texts", "plugins")


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """Where the server's certificate is, in PEM; with `client_ca` a client must show one of that authority."""

    cert: Path
    key: Path
    client_ca: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSettings:
    """Where the first admin token is written (none: `admin.token` in `data`), and how long tokens live by default."""

    admin_file: Path | None = None
    ttl_s: float = 30 * 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """The HTTP edge: where it listens (None: there is none) and what it lets in and out.

    `public_url` is what providers reach it by, `media_url` the origin that media are served from (none: the same).
    `is_behind_proxy`: a proxy before it does TLS. `requests_per_s_max` is for each channel; `media_bytes_max` for one
    medium, `media_total_bytes_max` for all that are kept, each for `media_kept_s` at most; `allow_private` are the
    hosts and networks that adapters may call although they are not in the internet.
    """

    listen: str | None = None
    public_url: str = ""
    media_url: str = ""
    tls: TlsSettings | None = None
    is_behind_proxy: bool = False
    requests_per_s_max: float = 200
    media_bytes_max: int = 16 * 1024 * 1024
    media_total_bytes_max: int = 10 * 1024**3
    media_kept_s: float = 365 * 86_400.0
    allow_private: tuple[str, ...] = ()

    def url_of(self, channel: str) -> str:
        """Where a channel's provider reaches it; empty where nobody said."""
        return f"{self.public_url}/channels/{channel}" if self.public_url else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """How the log is written: to stderr, as lines for people or as JSON, from this level up."""

    format: str = LOG_FORMATS[0]
    level: str = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginSettings:
    """Which plugins are loaded, and what each is told.

    `allow` None means all; `tables` holds `[plugins.NAME]` by name, without its `enabled` and `sha256`, unread.
    """

    allow: tuple[str, ...] | None = None
    plugins_dir: Path | None = None
    is_strict: bool = False
    disabled: frozenset[str] = frozenset()
    sha256: Mapping[str, str] = field(default_factory=dict, repr=False)
    # Never in a repr: a plugin's table may hold what its author did not think of as a secret.
    tables: Mapping[str, Mapping[str, object]] = field(default_factory=dict, repr=False)

    def is_enabled(self, plugin: str) -> bool:
        """Whether a plugin of this name may be imported at all."""
        return plugin not in self.disabled and (self.allow is None or plugin in self.allow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of one engine; every default stands here or in `Limits`."""

    listen: str = "127.0.0.1:7433"
    data: Path = Path("hookflash-data")
    insecure_i_know: bool = False
    tls: TlsSettings | None = None
    tokens: TokenSettings = field(default_factory=TokenSettings)
    http: HttpSettings = field(default_factory=HttpSettings)
    metrics_listen: str | None = None
    log: LogSettings = field(default_factory=LogSettings)
    limits: Limits = field(default_factory=Limits)
    plugins: PluginSettings = field(default_factory=PluginSettings)
    texts: Mapping[str, object] = field(default_factory=dict)

    @property
    def catalogue(self) -> Catalogue:
        """The texts of this deployment; they were checked when the settings were loaded."""
        return Catalogue.from_overrides(self.texts)


def find_file(given: Path | None, data: Path) -> Path | None:
    """Return the file to load: the one given, else `hookflash.toml` in the data directory where there is one."""
    if given is not None:
        return given
    beside = data / _FILE
    return beside if beside.is_file() else None


def load(path: Path | None, environment: Mapping[str, str], flags: Mapping[str, object]) -> Settings:
    """Return the settings of an engine, or raise SettingsError with one sentence.

    A flag or variable is called as in `setting_values.py`: `ttl_s` and HOOKFLASH_TTL_S, `log_level` and
    HOOKFLASH_LOG_LEVEL. A flag that is None was not given; an unknown flag is refused. Unknown variables are not, for
    the command shares the prefix. Relative paths in the file start from the file's own directory.
    """
    tables = {} if path is None else _read_file(path)
    free = {name: tables.pop(name, {}) for name in _FREE_TABLES}
    if not isinstance(free["plugins"], Mapping):
        raise SettingsError(f"plugins = {shown_value(free['plugins'])} in {_FILE} must be a table.")
    plugins = dict(free["plugins"])
    tables["plugins"] = {name: plugins.pop(name) for name in ("allow", "plugins_dir", "strict") if name in plugins}
    _refuse_unknown(tables, flags)
    values: dict[str, object] = {}
    for setting in (*TOP, *LIMITS):
        value = _read(setting, tables, environment, flags, None if path is None else path.parent)
        if value is not ABSENT:
            values[setting.name] = value
    limits = Limits(**{each.key: values[each.name] for each in LIMITS if each.name in values})  # type: ignore[arg-type]
    _check_limits(limits)
    settings = _assemble(values, limits, _texts(free["texts"]), plugins)
    _check_exposure(settings)
    return settings


def _read_file(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}; give another file with -c.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.") from error


def _refuse_unknown(tables: Mapping[str, object], flags: Mapping[str, object]) -> None:
    known = known_names()
    for name, value in tables.items():
        if isinstance(value, Mapping) and name in known:
            for key in value:
                if key not in known[name]:
                    place = f"{key} in [{name}] of {_FILE}"
                    raise SettingsError(f"{place} is unknown; known there are {', '.join(sorted(known[name]))}.")
        elif name in known:
            raise SettingsError(f"{name} = {shown_value(value)} in {_FILE} must be a table.")
        elif name not in known[""]:
            names = ", ".join(sorted([*known[""], *(f"[{each}]" for each in known if each), "[texts]"]))
            raise SettingsError(f"{name} in {_FILE} is unknown; known there are {names}.")
    known_flags = {setting.name for setting in (*TOP, *LIMITS)}
    for flag, given in flags.items():
        if given is not None and flag not in known_flags:
            raise SettingsError(f"The flag {flag} is unknown; known are {', '.join(sorted(known_flags))}.")


def _read(
    setting: Setting,
    tables: Mapping[str, object],
    environment: Mapping[str, str],
    flags: Mapping[str, object],
    directory: Path | None,
) -> object:
    flag = flags.get(setting.name)
    if flag is not None:
        return setting.read(flag, place=f"the flag {setting.name}")
    variable = f"HOOKFLASH_{setting.name.upper()}"
    if environment.get(variable):
        return setting.read(environment[variable], place=variable)
    table = tables.get(setting.table, {}) if setting.table else tables
    if not isinstance(table, Mapping) or setting.key not in table:
        return ABSENT
    place = f"{setting.key} in [{setting.table}] of {_FILE}" if setting.table else f"{setting.key} in {_FILE}"
    value = setting.read(table[setting.key], place=place)
    return directory / value if directory is not None and isinstance(value, Path) else value


def _check_limits(limits: Limits) -> None:
    if limits.offer_timeout_s >= limits.ttl_s:
        raise SettingsError(
            f"offer_timeout_s = {limits.offer_timeout_s:g} must be less than ttl_s = {limits.ttl_s:g},"
            " or no invite could be offered twice."
        )
    if (limits.on_unattended is UnattendedPolicy.QUEUE) != (limits.on_unattended_queue is not None):
        queue = limits.on_unattended_queue
        raise SettingsError(
            f"on_unattended = {limits.on_unattended} with on_unattended_queue = {queue or 'none'} does not fit: a queue"
            " is given with QUEUE, and with QUEUE only."
        )


def _texts(texts: object) -> Mapping[str, object]:
    if not isinstance(texts, Mapping):
        raise SettingsError(f"texts = {shown_value(texts)} in {_FILE} must be a table.")
    try:
        Catalogue.from_overrides(texts)
    except TextError as error:
        raise SettingsError(f"In {_FILE}: {error}") from error
    return texts


def _assemble(
    values: Mapping[str, object], limits: Limits, texts: Mapping[str, object], plugins: Mapping[str, object]
) -> Settings:
    # Each value has the type that its setting's reader returns; a test builds every one of them.
    return Settings(
        **_part(
            values, listen="listen", data="data", insecure_i_know="insecure_i_know", metrics_listen="metrics_listen"
        ),  # type: ignore[arg-type]
        tls=_tls(values),
        http=_http(values),
        tokens=TokenSettings(**_part(values, admin_file="tokens_admin_file", ttl_s="tokens_ttl_s")),  # type: ignore[arg-type]
        log=LogSettings(**_part(values, format="log_format", level="log_level")),  # type: ignore[arg-type]
        limits=limits,
        plugins=_plugins(values, plugins),
        texts=texts,
    )


def _part(values: Mapping[str, object], **names: str) -> dict[str, object]:
    return {to: values[name] for to, name in names.items() if name in values}


def _tls(values: Mapping[str, object]) -> TlsSettings | None:
    part = _part(values, cert="tls_cert", key="tls_key", client_ca="tls_client_ca")
    if not part:
        return None
    if "cert" not in part or "key" not in part:
        missing = "tls_key" if "cert" in part else "tls_cert"
        raise SettingsError(f"{missing} is missing: TLS needs both the certificate and its key, as PEM files.")
    return TlsSettings(**part)  # type: ignore[arg-type]


def _http(values: Mapping[str, object]) -> HttpSettings:
    part = {
        name: values[f"http_{name}"]
        for name in (
            "listen",
            "public_url",
            "media_url",
            "is_behind_proxy",
            "requests_per_s_max",
            "media_bytes_max",
            "media_total_bytes_max",
            "media_kept_s",
            "allow_private",
        )
        if f"http_{name}" in values
    }
    pair = _part(values, cert="http_cert", key="http_key")
    if len(pair) == 1:
        missing = "key" if "cert" in pair else "cert"
        raise SettingsError(f"[http] {missing} is missing: TLS needs both the certificate and its key, as PEM files.")
    return HttpSettings(tls=TlsSettings(**pair) if pair else None, **part)  # type: ignore[arg-type]


def _plugins(values: Mapping[str, object], tables: Mapping[str, object]) -> PluginSettings:
    disabled: set[str] = set()
    pins: dict[str, str] = {}
    kept: dict[str, Mapping[str, object]] = {}
    for name, table in tables.items():
        place = f"[plugins.{name}] of {_FILE}"
        if not isinstance(table, Mapping):
            raise SettingsError(
                f"{name} in [plugins] of {_FILE} is unknown; allow, plugins_dir, strict or a table are."
            )
        match table.get("enabled", True):
            case False:
                disabled.add(name)
            case True:
                pass
            case other:
                raise SettingsError(f"enabled = {shown_value(other)} in {place} must be true or false.")
        pin = table.get("sha256")
        if pin is not None:
            if not isinstance(pin, str) or len(pin) != len("0" * 64) or set(pin) - set("0123456789abcdef"):
                raise SettingsError(f"sha256 = {shown_value(pin)} in {place} must be 64 digits of 0-9 and a-f.")
            pins[name] = pin
        kept[name] = {key: value for key, value in table.items() if key not in ("enabled", "sha256")}
    part = _part(values, allow="plugins_allow", plugins_dir="plugins_dir", is_strict="strict_plugins")
    return PluginSettings(disabled=frozenset(disabled), sha256=pins, tables=kept, **part)  # type: ignore[arg-type]


def _check_exposure(settings: Settings) -> None:
    _check_http_exposure(settings)
    if is_loopback(settings.listen) or settings.tls is not None or settings.insecure_i_know:
        return
    raise SettingsError(
        f"listen = {settings.listen} can be reached from other machines and there is no TLS: choose"
        " `hookflash serve --listen 127.0.0.1:7433`, or `HOOKFLASH_TLS_CERT=cert.pem HOOKFLASH_TLS_KEY=key.pem"
        " hookflash serve`, or, for tests, `hookflash serve --insecure-i-know`."
    )


def _check_http_exposure(settings: Settings) -> None:
    http = settings.http
    if http.listen is None or is_loopback(http.listen) or http.tls is not None:
        return
    if http.is_behind_proxy or settings.insecure_i_know:
        return
    raise SettingsError(
        f"[http] listen = {http.listen} can be reached from other machines and there is no TLS: choose"
        " `HOOKFLASH_HTTP_LISTEN=127.0.0.1:8080`, or `HOOKFLASH_HTTP_CERT=cert.pem HOOKFLASH_HTTP_KEY=key.pem`, or,"
        " where a proxy before it does TLS, `HOOKFLASH_HTTP_IS_BEHIND_PROXY=true`."
    )

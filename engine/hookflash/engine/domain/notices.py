"""The texts of one deployment: the defaults, and what is said in their place per queue, channel or language.

A template is taken apart when the catalogue is built and never again, so a name that holds braces or `<queue-name>` is
shown as it is. An empty override says that nothing is sent.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from string import Formatter
from typing import Final, TypeAlias

from hookflash.engine.domain.notice_table import NOTICES, WITHOUT_AGENT, Audience, NoticeKey, NoticeText, Style
from hookflash.engine.domain.struct import Struct

__all__ = [
    "NOTICES",
    "TEXT_LENGTH_MAX",
    "WITHOUT_AGENT",
    "Audience",
    "Catalogue",
    "NoticeKey",
    "NoticeText",
    "Style",
    "TextError",
    "check_locale",
]

TEXT_LENGTH_MAX: Final = 1_000
"""Code points of one overriding text."""

_AGENT: Final = "agent_name"
_LAST_WORD: Final = re.compile(r"\s*\S*\s+\Z")
_LOCALE: Final = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")
_LANGUAGE_OF_THE_TABLE: Final = "en"
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class TextError(ValueError):
    """An override cannot be used; the message is a sentence that names it."""


class _Scope(StrEnum):
    """What an override holds for; the first that has one wins."""

    QUEUE = "queue"
    CHANNEL = "channel"
    LANGUAGE = "language"
    DEFAULT = "default"


class _Placeholder(Struct, frozen=True):
    name: str


_Template: TypeAlias = tuple[str | _Placeholder, ...]
_Texts: TypeAlias = Mapping[NoticeKey, _Template]


def _template(text: str) -> _Template:
    """Take a text apart. Raises ValueError for braces that are no placeholder; `{{` and `}}` are braces."""
    parts: list[str | _Placeholder] = []
    for literal, name, form, conversion in Formatter().parse(text):
        if literal:
            parts.append(literal)
        if name is None:
            continue
        if form or conversion or not name.isidentifier():
            raise ValueError("a placeholder is a name in braces and nothing else")
        parts.append(_Placeholder(name))
    return tuple(parts)


def _placeholders(template: _Template) -> frozenset[str]:
    return frozenset(part.name for part in template if isinstance(part, _Placeholder))


_DEFAULTS: Final[_Texts] = {key: _template(notice.default) for key, notice in NOTICES.items()}


class Catalogue:
    """All texts, ready to be filled. Immutable; without overrides it says what the seed says."""

    def __init__(
        self,
        overrides: Mapping[tuple[_Scope, str], _Texts] | None = None,
        locale: str = "",
        translations: Mapping[str, _Texts] | None = None,
    ) -> None:
        """Take overrides that were checked; callers use `from_overrides`, then `translated`."""
        self._overrides = dict(overrides or {})
        self._locale = locale
        self._translations = dict(translations or {})

    @classmethod
    def from_overrides(cls, mapping: Mapping[str, object]) -> "Catalogue":
        """Build from the table `[texts]`: `{"language": {"de": {"join.agent.self": "..."}}, "queue": {...}}`.

        Besides `queue`, `channel` and `language`, each with a table per id, there is `default`, with the texts
        themselves, and `locale`, the language of agents and of customers who are known to speak no other. A dotted
        key may also come as nested tables. Raises TextError naming what cannot be used: an unknown scope, key or
        placeholder, a text that is too long or has control characters.
        """
        overrides: dict[tuple[_Scope, str], _Texts] = {}
        locale = check_locale(mapping.get("locale", ""))
        for word, tables in mapping.items():
            if word == "locale":
                continue
            if word not in set(_Scope):
                known = ", ".join(_Scope)
                raise TextError(f"texts.{word} is unknown; overrides stand under one of {known}.")
            scope = _Scope(word)
            by_id = {"": tables} if scope is _Scope.DEFAULT else _table(f"texts.{word}", tables)
            for identifier, texts in by_id.items():
                place = f"texts.{word}.{identifier}".rstrip(".")
                overrides[scope, _normal(scope, identifier)] = _read_texts(place, _table(place, texts))
        return cls(overrides, locale)

    def translated(self, translations: Mapping[str, Mapping[str, str]]) -> "Catalogue":
        """The same with texts by locale, which stand below every override. Raises TextError as `from_overrides`."""
        read = {_normal(_Scope.LANGUAGE, locale): _read_texts(locale, texts) for locale, texts in translations.items()}
        return Catalogue(self._overrides, self._locale, read)

    def text(
        self,
        key: NoticeKey,
        *,
        channel: str | None = None,
        queue: str | None = None,
        language: str | None = None,
        locales: Sequence[str] = (),
        **values: str,
    ) -> str | None:
        """Return the text to send, or None where an empty override says that nothing is sent.

        A queue's override goes before a channel's, that before a language's (`de-at`, then `de`), that before the
        default; then come translations, and at last the table. The languages are the reader's own, those of
        `locales` and the engine's. `values` fill the placeholders of the table; those a template does not use are
        ignored. Without `agent_name`, or with an empty one, a notice that no agent caused loses the placeholder and
        the word before it: "by". Any other placeholder without a value raises KeyError.
        """
        template = self._find(key, channel=channel, queue=queue, spoken=(language, *locales, self._locale))
        if not template:
            return None
        if key in WITHOUT_AGENT and not values.get(_AGENT):
            template = _without_agent(template)
        return "".join([part if isinstance(part, str) else values[part.name] for part in template])

    def _find(
        self, key: NoticeKey, *, channel: str | None, queue: str | None, spoken: Sequence[str | None]
    ) -> _Template:
        if not self._overrides and not self._translations:
            return _DEFAULTS[key]
        languages = list(_languages(spoken))
        for place in _places(channel=channel, queue=queue, languages=languages):
            found = self._overrides.get(place, {}).get(key)
            if found is not None:
                return found
        for language in languages:
            found = self._translations.get(language, {}).get(key)
            if found is not None:
                return found
        return _DEFAULTS[key]


def check_locale(locale: object) -> str:
    """Return it if it reads like `de` or `de-AT`, or is empty, else raise TextError."""
    if not isinstance(locale, str) or (locale and _LOCALE.fullmatch(locale) is None):
        raise TextError("texts.locale must read like de or de-AT.")
    return locale


def _languages(spoken: Sequence[str | None]) -> Iterator[str]:
    """From the reader's own language to that of the table, which has every text: none after it is looked for."""
    for language in spoken:
        if language:
            exact = _normal(_Scope.LANGUAGE, language)
            yield exact
            if (base := exact.partition("-")[0]) != exact:
                yield base
            if base == _LANGUAGE_OF_THE_TABLE:
                return


def _places(*, channel: str | None, queue: str | None, languages: Sequence[str]) -> Iterator[tuple[_Scope, str]]:
    if queue is not None:
        yield _Scope.QUEUE, queue
    if channel is not None:
        yield _Scope.CHANNEL, channel
    for language in languages:
        yield _Scope.LANGUAGE, language
    yield _Scope.DEFAULT, ""


def _normal(scope: _Scope, identifier: str) -> str:
    return identifier.lower().replace("_", "-") if scope is _Scope.LANGUAGE else identifier


def _without_agent(template: _Template) -> _Template:
    parts: list[str | _Placeholder] = []
    for part in template:
        if part != _Placeholder(_AGENT):
            parts.append(part)
        elif parts and isinstance(parts[-1], str):
            parts[-1] = _LAST_WORD.sub("", parts[-1])
    if parts and isinstance(parts[0], str):
        parts[0] = parts[0].lstrip()
    return tuple(parts)


def _table(place: str, value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise TextError(f"{place} must be a table.")
    return value


def _read_texts(place: str, table: Mapping[str, object]) -> _Texts:
    return {_read_key(place, key): _read_text(f"{place}.{key}", key, text) for key, text in _flat(table)}


def _flat(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    # TOML reads `join.agent.self = "..."` without quotes as tables within tables.
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _read_key(place: str, key: str) -> NoticeKey:
    if key not in set(NoticeKey):
        raise TextError(f"{place} has no text {key}; the keys are those of the table of notices.")
    return NoticeKey(key)


def _read_text(place: str, key: str, text: object) -> _Template:
    if not isinstance(text, str) or len(text) > TEXT_LENGTH_MAX or _CONTROL.search(text) is not None:
        raise TextError(f"{place} must be one line of at most {TEXT_LENGTH_MAX:,} characters.")
    allowed = _placeholders(_DEFAULTS[_read_key(place, key)])
    try:
        template = _template(text.strip())
    except ValueError as error:
        raise TextError(f"{place} cannot be read: {error}; write {{{{ and }}}} for braces.") from error
    for name in sorted(_placeholders(template) - allowed):
        known = ", ".join(f"{{{each}}}" for each in sorted(allowed)) or "none"
        raise TextError(f"{place} has the placeholder {{{name}}}; this text has {known}.")
    return template

"""Notice texts of plugins: each locale has every key and placeholder, and a deployment's own texts stand above."""

import pytest

from hookflash.engine.domain.notices import NOTICES, Catalogue, NoticeKey, TextError
from hookflash.engine.plugins import PluginHost, PluginSettings
from tests.plugins.written import Clock, Folder, plugin

TEXTS = PluginHost.load(PluginSettings(), Clock()).texts


def _placeholders(text: str) -> set[str]:
    return {part.partition("}")[0] for part in text.split("{")[1:]}


@pytest.mark.parametrize("locale", TEXTS)
def test_a_bundled_locale_has_every_key_and_every_placeholder(locale: str) -> None:
    texts = TEXTS[locale]
    assert set(texts) == {str(key) for key in NOTICES}
    for key, notice in NOTICES.items():
        assert _placeholders(texts[key]) == _placeholders(notice.default), key


def test_german_is_bundled() -> None:
    assert "de" in TEXTS


KEY = NoticeKey.TRANSFER_CUSTOMER_NO_AGENT
OURS = {"de": {str(KEY): "Niemand da"}, "de-AT": {str(KEY): "Leider niemand da"}, "fr": {str(KEY): "Personne"}}


@pytest.mark.parametrize(
    ("overrides", "language", "locales", "text"),
    [
        ({}, None, (), "No agents were available"),
        ({}, "de", (), "Niemand da"),
        ({}, "de-at", (), "Leider niemand da"),
        ({}, "de-CH", (), "Niemand da"),
        ({}, None, ("fr", "de"), "Personne"),
        ({}, "it", ("fr",), "Personne"),
        ({}, "en", ("de",), "No agents were available"),
        ({}, "en-GB", ("de",), "No agents were available"),
        ({"locale": "de"}, None, (), "Niemand da"),
        ({"locale": "de"}, "en", (), "No agents were available"),
        ({"language": {"de": {str(KEY): "Keiner da"}}}, "de", (), "Keiner da"),
        ({"default": {str(KEY): "Nobody"}}, "de", (), "Nobody"),
        ({"locale": "de", "default": {str(KEY): ""}}, None, (), None),
    ],
)
def test_a_text_is_found_by_language_and_a_deployments_own_goes_first(
    overrides: dict[str, object], language: str | None, locales: tuple[str, ...], text: str | None
) -> None:
    catalogue = Catalogue.from_overrides(overrides).translated(OURS)
    assert catalogue.text(KEY, language=language, locales=locales) == text


def test_a_locale_that_is_none_is_refused() -> None:
    with pytest.raises(TextError, match="must read like de or de-AT"):
        Catalogue.from_overrides({"locale": "German"})


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("registry.texts('de', {'no.such.key': 'x'})", "texts for de has no text no.such.key"),
        ("registry.texts('de', {'join.agent.self': '{queue_name}'})", "has the placeholder {queue_name}"),
        ("registry.texts('German', {})", "a locale reads like de or de-AT"),
        ("registry.texts('de', {'join.agent.self': 1})", "must be strings"),
    ],
)
def test_texts_that_nobody_could_use_are_refused_when_the_plugin_is_loaded(
    call: str, reason: str, folder: Folder
) -> None:
    folder.write("plug", f"@hookimpl\ndef hookflash_register(registry):\n    {call}\n")
    loaded = plugin(folder.load(), "plug")
    assert loaded.state == "failed"
    assert reason in loaded.reason

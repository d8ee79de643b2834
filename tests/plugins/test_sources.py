"""A bare checkout, which nobody installed, has the plugins that an installed one has."""

from importlib.metadata import PackageNotFoundError

import pytest

from hookflash.engine.plugins import sources
from hookflash.engine.plugins.sources import BUNDLE, installed_sources


def test_a_bare_checkout_finds_the_plugins_that_the_entry_points_name(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = {(source.module, source.attribute) for source in installed_sources() if source.is_bundled}

    def not_installed(name: str) -> object:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(sources, "distribution", not_installed)
    monkeypatch.setattr(sources, "entry_points", lambda group: () if group else None)
    bare = {(source.module, source.attribute) for source in installed_sources()}
    assert bare == installed
    assert ("hookflash.plugins.whatsapp", "") in bare
    assert "hookflash.plugins.meta" not in {module for module, _ in bare}, "shared by plugins, and none itself"
    assert BUNDLE == "hookflash"

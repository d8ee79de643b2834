"""A plugin is loaded whole or not at all, its state has a reason, and the engine starts in any case."""

import hashlib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from hookflash.engine.plugins import PluginHost, PluginSettings, PluginsNotLoadedError, PluginState, installed_sources
from tests.plugins.written import HEAD, SHARED, Clock, Folder, plugin

STRATEGY = """
class Mine:
    name = "{name}"

    def order(self, agent, queue):
        return (agent.place,)

@hookimpl
def hookflash_register(registry):
    registry.strategy(Mine)
"""
WATCHER = """
@hookimpl
def hookflash_event(event):
    pass
"""
HALF = """
class Half(PullChannel):
    kind = "half"

@hookimpl
def hookflash_register(registry):
    registry.channel(Half)
"""
MAKES_A_MESS = "from pathlib import Path\nPath(__file__).with_suffix('.ran').touch()\n"

BROKEN = {
    "raises_at_import": ("raise RuntimeError('no licence')", PluginState.FAILED, "RuntimeError: no licence"),
    "does_not_parse": ("def (:", PluginState.FAILED, "SyntaxError"),
    "misses_a_module": ("import no_such_module_anywhere", PluginState.FAILED, "No module named"),
    "misspelt_hook": (
        "@hookimpl\ndef hookflash_evnt(event):\n    pass\n",
        PluginState.FAILED,
        "there is no hook hookflash_evnt; did you mean hookflash_event?",
    ),
    "unknown_argument": (
        "@hookimpl\ndef hookflash_event(event, transcript):\n    pass\n",
        PluginState.FAILED,
        "transcript",
    ),
    "coroutine_hook": (
        "@hookimpl\nasync def hookflash_event(event):\n    pass\n",
        PluginState.FAILED,
        "hookflash_event is async or a generator",
    ),
    "coroutine_register": (
        "@hookimpl\nasync def hookflash_register(registry):\n    pass\n",
        PluginState.FAILED,
        "hookflash_register is async or a generator",
    ),
    "hidden_coroutine": (
        "async def later(): pass\n@hookimpl\ndef hookflash_register(registry):\n    return later()\n",
        PluginState.FAILED,
        "gave back a coroutine",
    ),
    "wrapper": (
        "@hookimpl(wrapper=True)\ndef hookflash_event(event):\n    return (yield)\n",
        PluginState.FAILED,
        "wrappers are not public",
    ),
    "raises_in_register": (
        "@hookimpl\ndef hookflash_register(registry):\n    raise ValueError('half done')\n",
        PluginState.FAILED,
        "ValueError: half done",
    ),
    "raises_beyond_exception": (
        "class Odd(BaseException): pass\n@hookimpl\ndef hookflash_register(registry):\n    raise Odd('bye')\n",
        PluginState.FAILED,
        "Odd: bye",
    ),
    "cancels": ("import asyncio\nraise asyncio.CancelledError", PluginState.FAILED, "CancelledError"),
    "unmarked": ("def hookflash_register(registry):\n    pass\n", PluginState.FAILED, "not marked with @hookimpl"),
    "without_hooks": ("x = 1", PluginState.FAILED, "it has no hook"),
    "not_a_strategy": (
        "class No:\n    name = 'no'\n@hookimpl\ndef hookflash_register(registry):\n    registry.strategy(No)\n",
        PluginState.FAILED,
        "No.order must be a plain method",
    ),
    "half_an_adapter": (
        HALF,
        PluginState.FAILED,
        "Half does not say how to poll, send",
    ),
    "bad_name": (STRATEGY.format(name="No Name"), PluginState.FAILED, "Mine.name must be lower-case"),
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_broken_plugin_is_not_loaded_and_its_neighbours_are(name: str, folder: Folder) -> None:
    body, state, reason = BROKEN[name]
    folder.write(name, body)
    folder.write("a_first", STRATEGY.format(name="first"))
    folder.write("z_last", STRATEGY.format(name="last"))
    host = folder.load()
    found = plugin(host, name)
    assert found.state is state
    assert reason in found.reason
    assert [plugin(host, other).state for other in ("a_first", "z_last")] == [PluginState.LOADED] * 2
    assert host.strategy_names == ("first", "last")


def test_a_failure_comes_with_its_traceback(folder: Folder) -> None:
    folder.write("raises", "raise RuntimeError('no licence')")
    assert 'raise RuntimeError("no licence")' in plugin(folder.load(), "raises").traceback.replace("'", '"')


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('SDK_API = ">=2"', "it is made for SDK >=2, this is 1.0"),
        ('SDK_API: str = "<1"', "it is made for SDK <1, this is 1.0"),
        ("", "does not say which SDK it is made for"),
        ("SDK_API = 1", "does not say which SDK it is made for"),
        ('SDK_API = "any"', "is no version range"),
        ('SDK_API = ">" + "=3"', "it is made for SDK >=3"),
    ],
)
def test_a_plugin_for_another_sdk_is_incompatible(line: str, reason: str, folder: Folder) -> None:
    folder.write("other", STRATEGY.format(name="mine"), head=f"from hookflash.sdk import hookimpl\n{line}\n")
    host = folder.load()
    found = plugin(host, "other")
    assert found.state is PluginState.INCOMPATIBLE
    assert reason in found.reason
    assert host.strategy("mine") is None


def test_a_plugin_that_says_it_is_for_another_sdk_is_not_even_run(folder: Folder) -> None:
    file = folder.write("other", "from hookflash.sdk import not_there_yet", head=f'SDK_API = ">=7"\n{MAKES_A_MESS}')
    assert plugin(folder.load(), "other").state is PluginState.INCOMPATIBLE
    assert not file.with_suffix(".ran").exists()


def test_what_is_disabled_or_not_allowed_is_never_run(folder: Folder) -> None:
    files = [folder.write(name, MAKES_A_MESS + WATCHER) for name in ("off", "stranger", "wanted")]
    host = folder.load(allow=frozenset({"off", "wanted"}), tables={"off": {"enabled": False}})
    assert [(one.name, one.state, one.reason) for one in host.plugins] == [
        ("off", PluginState.DISABLED, "[plugins.off] enabled = false"),
        ("stranger", PluginState.DISABLED, "not in [plugins] allow"),
        ("wanted", PluginState.LOADED, ""),
    ]
    assert [file.with_suffix(".ran").exists() for file in files] == [False, False, True]


def test_a_plugin_that_failed_half_way_leaves_nothing_registered(folder: Folder) -> None:
    body = (
        STRATEGY.format(name="half") + "    raise ValueError('after all')\n" + WATCHER.replace("pass", "raise OSError")
    )
    folder.write("half", body)
    host = folder.load()
    assert host.strategy("half") is None
    folder.write("whole", STRATEGY.format(name="half"))
    assert folder.load().strategy("half") is not None


def test_a_name_that_is_taken_is_refused_to_the_second(folder: Folder) -> None:
    folder.write("a_first", STRATEGY.format(name="mine"))
    folder.write("b_second", STRATEGY.format(name="mine") + "\n    registry.strategy(Mine)\n")
    host = folder.load()
    assert plugin(host, "b_second").reason == "RegistryError: there is already a strategy 'mine'"
    strategy = host.strategy("mine")
    assert strategy is not None
    assert (strategy.plugin, strategy.is_bundled) == ("a_first", False)


def test_two_plugins_of_one_name_are_not_confused(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    packages = folder.path / "site"
    packages.mkdir()
    (packages / "hf_test_twin.py").write_text(HEAD + STRATEGY.format(name="installed"), encoding="utf-8")
    monkeypatch.syspath_prepend(str(packages))
    folder.write("twin", STRATEGY.format(name="in_folder"))
    entry = EntryPoint(name="twin", value="hf_test_twin", group="hookflash.plugins")
    host = PluginHost.load(PluginSettings(plugins_dir=folder.path), Clock(), installed=[entry, entry])
    assert [(one.state, one.reason) for one in host.plugins] == [
        (PluginState.LOADED, ""),
        (PluginState.FAILED, "another plugin is named 'twin'"),
    ]
    assert host.strategy_names == ("installed",)


def test_an_entry_point_without_its_module_is_a_failure_with_a_name(folder: Folder) -> None:
    entry = EntryPoint(name="gone", value="hf_no_such_package.plugin", group="hookflash.plugins")
    host = PluginHost.load(PluginSettings(plugins_dir=folder.path), Clock(), installed=[entry])
    assert plugin(host, "gone").state is PluginState.FAILED
    assert "hf_no_such_package" in plugin(host, "gone").reason


def test_a_pinned_plugin_is_loaded_only_as_it_was_pinned(folder: Folder) -> None:
    file = folder.write("pinned", MAKES_A_MESS + WATCHER)
    pin = hashlib.sha256(file.read_bytes()).hexdigest()
    assert plugin(folder.load(tables={"pinned": {"sha256": "0" * 64}}), "pinned").state is PluginState.FAILED
    assert not file.with_suffix(".ran").exists()
    assert plugin(folder.load(tables={"pinned": {"sha256": pin}}), "pinned").state is PluginState.LOADED


def test_settings_reach_the_plugin_that_asks_for_them_and_are_refused_otherwise(folder: Folder) -> None:
    asking = """
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class Config:
        size: int = 1

    @hookimpl
    def hookflash_register(registry):
        assert registry.config(Config).size == 7
    """
    folder.write("asks", asking)
    folder.write("deaf", WATCHER)
    host = folder.load(tables={"asks": {"size": 7}, "deaf": {"size": 7}})
    assert plugin(host, "asks").state is PluginState.LOADED
    assert plugin(host, "deaf").reason == "RegistryError: the plugin takes no settings, but was given: size"
    misspelt = plugin(folder.load(tables={"asks": {"sice": 7}}), "asks").reason
    assert misspelt == "ConfigError: there is no setting 'sice'; did you mean 'size'?"


def test_what_an_admin_asked_for_and_is_not_installed_is_shown(folder: Folder) -> None:
    host = folder.load(allow=frozenset({"ghost"}))
    assert [(one.name, one.state, one.reason) for one in host.plugins] == [
        ("ghost", PluginState.FAILED, "no plugin of this name is installed")
    ]


def test_a_strict_start_fails_for_a_broken_plugin_and_not_for_a_disabled_one(folder: Folder) -> None:
    folder.write("fine", WATCHER)
    folder.write("off", "raise RuntimeError")
    folder.load(is_strict=True, tables={"off": {"enabled": False}})
    with pytest.raises(PluginsNotLoadedError, match="off is failed: RuntimeError"):
        folder.load(is_strict=True)


@pytest.mark.parametrize("end", ["KeyboardInterrupt", "SystemExit"])
def test_only_an_end_of_the_program_comes_through(end: str, folder: Folder) -> None:
    folder.write("ends", f"raise {end}")
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        folder.load()


def test_a_plugin_slower_than_thirty_seconds_to_register_is_not_loaded(folder: Folder) -> None:
    body = (
        "from tests.plugins.written import SHARED\n@hookimpl\ndef hookflash_register(registry):\n    SHARED.now += 31\n"
    )
    folder.write("slow", body)
    host = PluginHost.load(PluginSettings(plugins_dir=folder.path), SHARED, installed=())
    assert plugin(host, "slow").reason == "hookflash_register took 31 s, 30 are allowed"


def test_the_bundled_plugins_are_found_and_are_marked_as_such() -> None:
    host = PluginHost.load(PluginSettings(is_strict=True), Clock())
    bundled = {one.name: (one.state, one.reason) for one in host.plugins if one.is_bundled}
    assert bundled.keys() >= {"console", "least_occupied", "longest_available"}
    waiting = {name: reason for name, (state, reason) in bundled.items() if state is not PluginState.LOADED}
    assert waiting == {
        name: f"it does nothing without settings; give it a table [plugins.{name}]"
        for name in ("event_trace", "forbidden_verbs", "hours", "keyword_routing", "pii", "second_chance")
    }
    for name in ("least_occupied", "longest_available"):
        strategy = host.strategy(name)
        assert strategy is not None
        assert strategy.is_bundled
    assert host.channel_adapter("console") is not None
    assert host.channel_adapter("fax") is None


def test_a_plugin_that_needs_settings_is_not_even_imported_without_a_table_for_it(folder: Folder) -> None:
    folder.write("plug", "NEEDS_CONFIG = True\nraise RuntimeError\n")
    assert plugin(folder.load(), "plug").state is PluginState.DISABLED
    assert plugin(folder.load(tables={"plug": {}}), "plug").reason == "RuntimeError: "


def test_a_class_is_made_once_for_each_engine() -> None:
    tables = [{"keyword_routing": {"words": words}} for words in ("a:one", "b:two")]
    hosts = [PluginHost.load(PluginSettings(tables=table), Clock()) for table in tables]
    first, second = (host.implementations("hookflash_choose_queue")[0].function for host in hosts)
    assert first != second


def test_a_stranger_in_the_bundled_namespace_is_not_bundled() -> None:
    entry = EntryPoint(name="console", value="hookflash.plugins.console", group="hookflash.plugins")
    assert [source.is_bundled for source in installed_sources([entry])] == [False]


def test_files_that_start_with_an_underscore_are_no_plugins(folder: Folder) -> None:
    folder.write("_shared", "raise RuntimeError")
    assert list(folder.load().plugins) == []
    assert Path(folder.path / "_shared.py").exists()

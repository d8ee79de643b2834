"""Ten broken plugins at once: the engine starts, does its work, and says what is wrong with each."""

from pathlib import Path
from textwrap import dedent

from hookflash.engine.settings import PluginSettings
from hookflash.v1 import server_pb2
from tests.plugins.written import HEAD
from tests.server.serving import serving

REGISTER = "@hookimpl\ndef hookflash_register(registry):\n    {}\n"
BROKEN: dict[str, tuple[str, str]] = {
    "no_syntax": ("def broken(:", "SyntaxError"),
    "no_import": ("import does_not_exist", "No module named 'does_not_exist'"),
    "raises": (REGISTER.format("raise ValueError('the licence is over')"), "ValueError: the licence is over"),
    "raises_base": ("class Odd(BaseException): pass\nraise Odd('odd')", "Odd: odd"),
    "misspelt": ("@hookimpl\ndef hookflash_regster(registry): pass", "did you mean hookflash_register?"),
    "unmarked": ("def hookflash_deny(principal): pass", "is not marked with @hookimpl"),
    "is_async": ("@hookimpl\nasync def hookflash_deny(principal): pass", "is async or a generator"),
    "half": (REGISTER.format("registry.sink(7)"), "name must be"),
    "wrong_stage": (
        "class F:\n    name = 'f'\n    def apply(self, text, context): pass\n"
        + REGISTER.format("registry.filter(F(), stage='everywhere')"),
        "a filter's stage is one of",
    ),
    "wrong_texts": (REGISTER.format("registry.texts('de', {'no.such': 'x'})"), "has no text no.such"),
}
FUTURE = 'from hookflash.sdk import hookimpl\nSDK_API = ">=9"\n@hookimpl\ndef hookflash_register(registry): pass\n'


async def test_the_engine_starts_with_ten_broken_plugins_and_says_what_is_wrong_with_each(tmp_path: Path) -> None:
    folder = tmp_path / "plugins"
    folder.mkdir()
    for name, (body, _) in BROKEN.items():
        (folder / f"{name}.py").write_text(HEAD + dedent(body), encoding="utf-8")
    (folder / "future.py").write_text(FUTURE, encoding="utf-8")
    async with serving(tmp_path, plugins=PluginSettings(plugins_dir=folder)) as served:
        await served.site("ann")
        await served.opened("42")
        server = await served.admin.call("AdminService/GetServer")
        found = {plugin.name: plugin for plugin in server.plugins}
        for name, (_, reason) in BROKEN.items():
            assert found[name].state == server_pb2.PLUGIN_STATE_FAILED, name
            assert reason in found[name].reason, name
            assert any(name in warning for warning in server.warnings)
        assert found["pii"].state == server_pb2.PLUGIN_STATE_DISABLED
        assert len(server.warnings) == len(BROKEN) + 1
        assert found["future"].state == server_pb2.PLUGIN_STATE_INCOMPATIBLE
        assert "made for SDK >=9" in found["future"].reason
        assert found["longest_available"].state == server_pb2.PLUGIN_STATE_LOADED
        assert list(found["longest_available"].objects) == ["strategy longest_available"]


async def test_an_admin_sees_a_plugins_faults_and_what_of_it_is_kept_back(tmp_path: Path) -> None:
    folder = tmp_path / "plugins"
    folder.mkdir()
    body = "@hookimpl\ndef hookflash_choose_queue(arrival):\n    raise ValueError\n"
    (folder / "sick.py").write_text(HEAD + body, encoding="utf-8")
    async with serving(tmp_path, plugins=PluginSettings(plugins_dir=folder)) as served:
        await served.site()
        for n in range(4):
            await served.admin.call(
                "ConversationService/CreateConversation", channel="channels/web", address=f"customer {n}"
            )
        server = await served.admin.call("AdminService/GetServer")
        (sick,) = (plugin for plugin in server.plugins if plugin.name == "sick")
        assert (sick.faults, list(sick.kept_back), list(sick.objects)) == (
            3,
            ["hookflash_choose_queue"],
            ["hookflash_choose_queue"],
        )
        samples = {
            sample.name: sample.value
            for metric in served.server.metrics.collect()
            for sample in metric.samples
            if sample.labels.get("plugin") == "sick"
        }
        assert samples["hookflash_plugin_faults_total"] == 3

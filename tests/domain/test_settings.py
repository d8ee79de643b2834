"""Settings: their defaults, who goes before whom, and how a wrong one refuses the whole."""

from dataclasses import Field, fields
from pathlib import Path

import pytest

from hookflash.engine.domain.limits import RANGE, Limits, UnattendedPolicy
from hookflash.engine.domain.notices import NoticeKey
from hookflash.engine.setting_values import LIMITS, TOP
from hookflash.engine.setting_words import WORDS
from hookflash.engine.settings import (
    HttpSettings,
    LogSettings,
    PluginSettings,
    Settings,
    SettingsError,
    TlsSettings,
    TokenSettings,
    find_file,
    is_loopback,
    load,
)

WHOLE_FILE = """
listen = "0.0.0.0:7433"
data = "/var/lib/hookflash"
insecure_i_know = true
[tls]
cert = "cert.pem"
key = "/etc/key.pem"
client_ca = "ca.pem"
[tokens]
admin_file = "admin"
ttl_s = 3600
[http]
listen = "127.0.0.1:8080"
public_url = "https://chat.example.com/"
media_url = "https://media.example.com"
cert = "http.pem"
key = "http.key"
is_behind_proxy = true
requests_per_s_max = 50
media_bytes_max = 1000
media_total_bytes_max = 5000
media_kept_s = 3600
allow_private = ["SMS.internal", "10.0.0.0/8"]
[metrics]
listen = "127.0.0.1:9100"
[log]
format = "json"
level = "debug"
[engine]
offer_timeout_s = 0.5
capacity = {voice = 2, email = 0}
on_unattended = "QUEUE"
on_unattended_queue = "fallback"
is_history_visible = false
mailbox_size_max = 10
[texts.default]
"join.agent.self" = "Welcome"
[plugins]
allow = ["echo", "webhook"]
plugins_dir = "plugins"
strict = true
[plugins.echo]
enabled = false
[plugins.webhook]
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
url = "https://example.org"
"""


@pytest.fixture
def written(tmp_path: Path) -> "Written":
    return Written(tmp_path / "hookflash.toml")


class Written:
    """A settings file that a test writes and loads."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self, text: str, environment: dict[str, str] | None = None, **flags: object) -> Settings:
        self.path.write_text(text, encoding="utf-8")
        return load(self.path, environment or {}, flags)

    def refused(self, text: str, environment: dict[str, str] | None = None, **flags: object) -> str:
        with pytest.raises(SettingsError) as refused:
            self.load(text, environment, **flags)
        sentence = str(refused.value)
        assert "\n" not in sentence
        return sentence


def test_with_nothing_given_the_defaults_hold() -> None:
    assert load(None, {}, {}) == Settings()
    assert Settings().listen == "127.0.0.1:7433"


@pytest.mark.spec("D-14")
def test_the_limits_have_the_defaults_of_the_specification() -> None:
    limits = Limits()
    assert (limits.offer_timeout_s, limits.ttl_s, limits.disconnect_grace_s, limits.reoffer_pause_s) == (
        30,
        300,
        30,
        10,
    )
    assert (limits.misses_max, limits.note_length_max, limits.message_length_max) == (0, 1_000, 4_096)
    assert (limits.agents_per_conversation_max, limits.steps_per_queue_max) == (8, 10)
    assert (limits.transfers_per_conversation_max, limits.waiting_max) == (32, 100_000)
    assert (limits.route_priority, limits.invite_priority, limits.queue_priority) == (1, 10, 1)
    assert (limits.request_id_kept_s, limits.delivery_timeout_s) == (604_800, 60)
    assert (limits.on_unattended, limits.on_unattended_queue) == (UnattendedPolicy.LEAVE, None)
    assert limits.is_history_visible
    assert (limits.capacity_of("chat"), limits.capacity_of("voice")) == (3, 1)


@pytest.mark.parametrize(
    "each", [each for each in fields(Limits) if RANGE in each.metadata], ids=lambda each: each.name
)
def test_every_default_lies_in_its_own_range(each: "Field[object]") -> None:
    name, allowed = each.name, each.metadata[RANGE]
    assert allowed.holds(getattr(Limits(), name))


def test_the_reference_has_words_about_every_setting_and_about_nothing_else() -> None:
    assert set(WORDS) == {setting.name for setting in (*TOP, *LIMITS)}
    assert all(WORDS.values())


def test_a_flag_goes_before_the_environment_before_the_file_before_the_default(written: Written) -> None:
    file = "[engine]\nttl_s = 100\n"
    environment = {"HOOKFLASH_TTL_S": "200.5"}
    assert written.load("").limits.ttl_s == 300
    assert written.load(file).limits.ttl_s == 100
    assert written.load(file, environment).limits.ttl_s == 200.5
    assert written.load(file, environment, ttl_s=400).limits.ttl_s == 400
    assert written.load(file, environment, ttl_s=None).limits.ttl_s == 200.5


def test_a_whole_file_is_read(written: Written) -> None:
    settings = written.load(WHOLE_FILE)
    here = written.path.parent
    assert settings == Settings(
        listen="0.0.0.0:7433",
        data=Path("/var/lib/hookflash"),
        insecure_i_know=True,
        tls=TlsSettings(cert=here / "cert.pem", key=Path("/etc/key.pem"), client_ca=here / "ca.pem"),
        tokens=TokenSettings(admin_file=here / "admin", ttl_s=3600),
        http=HttpSettings(
            listen="127.0.0.1:8080",
            public_url="https://chat.example.com",
            media_url="https://media.example.com",
            tls=TlsSettings(cert=here / "http.pem", key=here / "http.key"),
            is_behind_proxy=True,
            requests_per_s_max=50,
            media_bytes_max=1000,
            media_total_bytes_max=5000,
            media_kept_s=3600,
            allow_private=("sms.internal", "10.0.0.0/8"),
        ),
        metrics_listen="127.0.0.1:9100",
        log=LogSettings(format="json", level="debug"),
        limits=Limits(
            offer_timeout_s=0.5,
            capacity={"chat": 3, "voice": 2, "email": 0},
            on_unattended=UnattendedPolicy.QUEUE,
            on_unattended_queue="fallback",
            is_history_visible=False,
            mailbox_size_max=10,
        ),
        plugins=PluginSettings(
            allow=("echo", "webhook"),
            plugins_dir=here / "plugins",
            is_strict=True,
            disabled=frozenset({"echo"}),
            sha256={"webhook": "0" * 64},
            tables={"echo": {}, "webhook": {"url": "https://example.org"}},
        ),
        texts={"default": {"join.agent.self": "Welcome"}},
    )
    assert settings.catalogue.text(NoticeKey.JOIN_AGENT_SELF) == "Welcome"
    assert [settings.plugins.is_enabled(name) for name in ("webhook", "echo", "other")] == [True, False, False]


def test_the_environment_says_everything_that_has_one_value() -> None:
    environment = {
        "HOOKFLASH_LISTEN": "[::1]:0",
        "HOOKFLASH_DATA": "d",
        "HOOKFLASH_LOG_LEVEL": "WARNING",
        "HOOKFLASH_METRICS_LISTEN": "unix:/run/metrics.sock",
        "HOOKFLASH_PLUGINS_ALLOW": "echo, webhook",
        "HOOKFLASH_STRICT_PLUGINS": "1",
        "HOOKFLASH_CAPACITY": "chat=5,voice=1",
        "HOOKFLASH_MISSES_MAX": "3",
        "HOOKFLASH_IS_HISTORY_VISIBLE": "false",
        "HOOKFLASH_TTL_S": "",
        "HOOKFLASH_SERVER": "another.example.org:7433",
    }
    assert load(None, environment, {}) == Settings(
        listen="[::1]:0",
        data=Path("d"),
        log=LogSettings(level="warning"),
        metrics_listen="unix:/run/metrics.sock",
        plugins=PluginSettings(allow=("echo", "webhook"), is_strict=True),
        limits=Limits(capacity={"chat": 5, "voice": 1}, misses_max=3, is_history_visible=False),
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("ttl_s = 3", "ttl_s in hookflash.toml is unknown"),
        ("[engine]\nttl = 3", "ttl in [engine] of hookflash.toml is unknown; known there are agent_command"),
        ("[engin]", "engin in hookflash.toml is unknown"),
        ("engine = 3", "engine = 3 in hookflash.toml must be a table"),
        ("[listen]", "listen = {} is refused"),
        ("texts = 3", "texts = 3 in hookflash.toml must be a table"),
        ("plugins = 3", "plugins = 3 in hookflash.toml must be a table"),
        ("[plugins]\nstrikt = true", "strikt in [plugins] of hookflash.toml is unknown"),
        ("[plugins.echo]\nenabled = 3", "enabled = 3 in [plugins.echo] of hookflash.toml must be true or false"),
        ("[plugins.echo]\nsha256 = 'x'", "sha256 = 'x' in [plugins.echo] of hookflash.toml must be 64 digits"),
        ("[texts.default]\n'join.agent.self' = '{x}'", "texts.default.join.agent.self has the placeholder {x}"),
        ("[tls]\ncert = 'x'", "tls_key is missing"),
        ("[tls]\nkey = 'x'", "tls_cert is missing"),
        ("x = ", "is not valid TOML"),
    ],
)
def test_a_file_with_one_wrong_word_is_refused(written: Written, text: str, sentence: str) -> None:
    assert sentence in written.refused(text)


@pytest.mark.parametrize(
    ("setting", "allowed"),
    [
        ("ttl_s = 0", "more than 0 and at most 2,592,000 seconds"),
        ("ttl_s = -1", "more than 0 and at most 2,592,000 seconds"),
        ("ttl_s = nan", "more than 0 and at most 2,592,000 seconds"),
        ("ttl_s = inf", "more than 0 and at most 2,592,000 seconds"),
        ("ttl_s = 2592000.1", "more than 0 and at most 2,592,000 seconds"),
        ("ttl_s = true", "more than 0 and at most 2,592,000 seconds"),
        ("ttl_s = [3]", "more than 0 and at most 2,592,000 seconds"),
        ("ttl_s = '5 min'", "more than 0 and at most 2,592,000 seconds"),
        ("misses_max = -1", "a whole number from 0 to 1,000,000 (misses)"),
        ("misses_max = 1.0", "a whole number from 0 to 1,000,000 (misses)"),
        ("note_length_max = 0", "a whole number from 1 to 100,000 (characters)"),
        ("invite_priority = 11", "a whole number from 1 to 10 (priority)"),
        ("is_history_visible = 2", "true or false"),
        ("on_unattended = 'queue'", "one of LEAVE, CLOSE, QUEUE"),
        ("on_unattended_queue = 'Not An Id'", "the id of a queue"),
        ("capacity = 3", "a table of media domains and whole numbers from 0 to 1,000"),
        ("capacity = {chat = -1}", "a table of media domains and whole numbers from 0 to 1,000"),
        ("capacity = {chat = 1.5}", "a table of media domains and whole numbers from 0 to 1,000"),
        ("capacity = {'A B' = 1}", "a table of media domains and whole numbers from 0 to 1,000"),
    ],
)
def test_a_value_out_of_range_is_refused_with_key_place_and_range(written: Written, setting: str, allowed: str) -> None:
    sentence = written.refused(f"[engine]\n{setting}\n")
    key = setting.partition(" ")[0]
    assert sentence.startswith(f"{key} = ")
    assert f"({key} in [engine] of hookflash.toml): it must be {allowed}" in sentence


@pytest.mark.parametrize(
    "listen", ["7433", "host", "host:", ":7433", "h:65536", "h:-1", "unix:", "a b:1", "[x]:1", "h:\u0661"]
)
def test_an_address_that_cannot_be_listened_on_is_refused(listen: str) -> None:
    with pytest.raises(SettingsError, match=r"it must be HOST:PORT with a port from 0 to 65,535"):
        load(None, {"HOOKFLASH_LISTEN": listen}, {})


def test_a_wrong_variable_or_flag_is_named_as_such() -> None:
    with pytest.raises(SettingsError, match=r"ttl_s = 'x' is refused \(HOOKFLASH_TTL_S\)"):
        load(None, {"HOOKFLASH_TTL_S": "x"}, {})
    with pytest.raises(SettingsError, match=r"ttl_s = -1 is refused \(the flag ttl_s\)"):
        load(None, {}, {"ttl_s": -1})
    with pytest.raises(SettingsError, match="The flag colour is unknown"):
        load(None, {}, {"colour": "red"})


@pytest.mark.spec("R-Q1")
@pytest.mark.parametrize("ttl_s", [30, 29.5])
def test_an_offer_lives_shorter_than_its_invite(ttl_s: float) -> None:
    with pytest.raises(SettingsError, match="offer_timeout_s = 30 must be less than ttl_s"):
        load(None, {}, {"ttl_s": ttl_s})


@pytest.mark.spec("R-L2")
@pytest.mark.parametrize("flags", [{"on_unattended": "QUEUE"}, {"on_unattended_queue": "q"}])
def test_the_policy_queue_needs_a_queue_and_only_that_policy_has_one(flags: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match="a queue is given with QUEUE, and with QUEUE only"):
        load(None, {}, flags)


@pytest.mark.parametrize("listen", ["0.0.0.0:7433", "[::]:0", "192.0.2.1:1", "example.org:1"])
def test_an_engine_that_others_can_reach_needs_tls_or_the_word_of_who_starts_it(listen: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load(None, {}, {"listen": listen})
    ways_out = ("--listen 127.0.0.1:7433", "HOOKFLASH_TLS_CERT", "--insecure-i-know")
    assert all(way in str(refused.value) for way in ways_out)
    assert load(None, {}, {"listen": listen, "insecure_i_know": True}).insecure_i_know
    assert load(None, {}, {"listen": listen, "tls_cert": "c", "tls_key": "k"}).tls is not None


@pytest.mark.parametrize("listen", ["0.0.0.0:8080", "[::]:0", "192.0.2.1:1"])
def test_webhooks_that_others_can_reach_need_tls_here_or_before_it(listen: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load(None, {}, {"http_listen": listen})
    ways_out = ("HOOKFLASH_HTTP_LISTEN=127.0.0.1:8080", "HOOKFLASH_HTTP_CERT", "HOOKFLASH_HTTP_IS_BEHIND_PROXY")
    assert all(way in str(refused.value) for way in ways_out)
    assert load(None, {}, {"http_listen": listen, "http_is_behind_proxy": True}).http.is_behind_proxy
    assert load(None, {}, {"http_listen": listen, "http_cert": "c", "http_key": "k"}).http.tls is not None


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("http_listen", "unix:/run/x"),
        ("http_public_url", "chat.example.com"),
        ("http_public_url", "https://chat.example.com/path"),
        ("http_allow_private", "10.0.0.1/8"),
        ("http_allow_private", 7),
        ("http_requests_per_s_max", 0),
        ("http_cert", "only.pem"),
    ],
)
def test_a_wrong_setting_of_the_http_edge_is_refused(flag: str, value: object) -> None:
    with pytest.raises(SettingsError):
        load(None, {}, {flag: value})


def test_loopback_is_an_address_of_this_machine_alone() -> None:
    assert all(is_loopback(each) for each in ("127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1", "unix:/run/x"))
    assert not any(is_loopback(each) for each in ("0.0.0.0:1", "[::]:1", "localhost.example.org:1"))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        load(tmp_path / "none.toml", {}, {})


def test_the_file_in_the_data_directory_is_found_unless_another_is_given(written: Written) -> None:
    assert find_file(None, written.path.parent) is None
    written.path.touch()
    assert find_file(None, written.path.parent) == written.path
    assert find_file(Path("other.toml"), written.path.parent) == Path("other.toml")


def test_what_a_plugin_is_told_shows_in_no_repr(written: Written) -> None:
    assert "hush" not in repr(written.load("[plugins.echo]\nsecret = 'hush'\n"))

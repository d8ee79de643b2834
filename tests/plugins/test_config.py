"""Settings as text become a Config, wrong ones are refused all at once, and secrets never show."""

import pickle
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

import pytest

from hookflash.plugins.console import ConsoleConfig
from hookflash.plugins.telegram.config import TelegramConfig
from hookflash.plugins.webchat.settings import WebchatConfig
from hookflash.plugins.webhook.config import WebhookConfig
from hookflash.sdk.config import DataclassLike, NoConfig, Secret, fill, problems
from hookflash.sdk.errors import ConfigError


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    text: str
    token: Secret
    count: int = 1
    share: float = 0.5
    is_on: bool = False
    path: Path | None = None
    colour: Colour = Colour.RED
    mode: Literal["fast", "safe"] = "safe"


ENVIRON = {"TOKEN": "hunter2"}
LEAST = {"text": "x", "token": "env:TOKEN"}


def test_texts_become_the_types_of_the_fields() -> None:
    settings = {
        **LEAST,
        "count": "7",
        "share": "1.25",
        "is_on": "true",
        "path": "etc/x",
        "colour": "blue",
        "mode": "fast",
    }
    assert fill(Everything, settings, environ=ENVIRON) == Everything(
        text="x",
        token=Secret("hunter2"),
        count=7,
        share=1.25,
        is_on=True,
        path=Path("etc/x"),
        colour=Colour.BLUE,
        mode="fast",
    )


def test_values_of_toml_are_taken_as_they_are_and_defaults_hold() -> None:
    filled = fill(Everything, {**LEAST, "count": 7, "share": 2, "is_on": True}, environ=ENVIRON)
    assert (filled.count, filled.share, filled.is_on, filled.mode) == (7, 2.0, True, "safe")
    assert fill(NoConfig, {}) == NoConfig()


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"count": "seven"}, "setting 'count' must be a whole number, not 'seven'"),
        ({"count": True}, "setting 'count' must be a whole number, not True"),
        ({"share": "inf"}, "setting 'share' must be a number, not 'inf'"),
        ({"share": True}, "setting 'share' must be a number, not True"),
        ({"is_on": "yes"}, "setting 'is_on' must be true or false, not 'yes'"),
        ({"is_on": 1}, "setting 'is_on' must be true or false, not 1"),
        ({"text": 3}, "setting 'text' must be a text, not 3"),
        ({"colour": "green"}, "setting 'colour' must be one of red, blue, not 'green'"),
        ({"mode": "slow"}, "setting 'mode' must be one of fast, safe, not 'slow'"),
        ({"cuont": "1"}, "there is no setting 'cuont'; did you mean 'count'?"),
        ({"token": "hunter2"}, "setting 'token' is secret: give env:NAME or file:PATH, not the value"),
        ({"token": "env:"}, "setting 'token' is secret: give env:NAME or file:PATH, not the value"),
        ({"token": 5}, "setting 'token' is secret: give env:NAME or file:PATH, not the value"),
    ],
)
def test_a_wrong_setting_is_a_sentence_before_and_at_filling(settings: dict[str, object], problem: str) -> None:
    assert problems(Everything, {**LEAST, **settings}) == (problem,)
    with pytest.raises(ConfigError) as refusal:
        fill(Everything, {**LEAST, **settings}, environ=ENVIRON)
    assert refusal.value.problems == (problem,)
    assert "hunter2" not in str(refusal.value)


def test_all_problems_are_told_at_once() -> None:
    assert problems(Everything, {"count": "x", "nothing": "1"}) == (
        "there is no setting 'nothing'; known are: colour, count, is_on, mode, path, share, text, token",
        "setting 'text' is missing",
        "setting 'token' is missing",
        "setting 'count' must be a whole number, not 'x'",
    )


def test_settings_are_judged_without_reading_a_secret() -> None:
    assert problems(Everything, {"text": "x", "token": "file:/nowhere/at/all"}) == ()
    assert problems(Everything, {"text": "x", "token": "env:NOT_SET_ANYWHERE"}) == ()


def test_a_secret_is_read_from_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("hunter2\n", encoding="utf-8")
    settings = {"text": "x", "token": f"file:{file}"}
    file.chmod(0o644)
    with pytest.raises(ConfigError, match="which others may read; chmod 600 it"):
        fill(Everything, settings)
    file.chmod(0o600)
    assert fill(Everything, settings).token.reveal() == "hunter2"
    file.write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="which is empty"):
        fill(Everything, settings)
    file.unlink()
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        fill(Everything, settings)


def test_a_variable_that_is_not_set_is_named() -> None:
    with pytest.raises(ConfigError, match="names the environment variable TOKEN, which is not set"):
        fill(Everything, LEAST, environ={})


def test_a_secret_shows_nowhere() -> None:
    filled = fill(Everything, LEAST, environ=ENVIRON)
    assert "hunter2" not in f"{filled!r} {filled} {filled.token} {filled.token!r}"
    with pytest.raises(TypeError):
        pickle.dumps(filled.token)
    assert len({filled.token, Secret("hunter2"), Secret("other")}) == 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    token: Secret
    pace: float = 1.0
    names: str = ""

    def __post_init__(self) -> None:
        if self.pace < 0:
            raise ValueError("setting 'pace' must not be negative")
        if self.names == "spoilt":
            raise KeyError("hunter2")
        if len(self.token.reveal()) < 8:
            raise ValueError("setting 'token' is too short")


def test_a_configs_own_check_has_its_say_before_a_secret_is_read() -> None:
    secret = {"token": "env:TOKEN"}
    assert problems(Judging, {**secret, "pace": "-1"}) == ("setting 'pace' must not be negative",)
    assert problems(Judging, secret) == (), "of the secret nothing is known yet"
    assert problems(Judging, {**secret, "names": "spoilt"}) == ("cannot be judged by Judging, which raises KeyError",)
    with pytest.raises(ConfigError, match="setting 'token' is too short"):
        fill(Judging, secret, environ={"TOKEN": "short"})


@pytest.mark.parametrize(
    ("config", "settings", "problem"),
    [
        (ConsoleConfig, {"pace_s": "-1"}, "setting 'pace_s' must not be negative"),
        (TelegramConfig, {"token": "env:T", "poll_s": "0"}, "setting 'poll_s' must be 1 to 50"),
        (WebhookConfig, {"secret": "env:T", "url": "ftp://x"}, "setting 'url' must be a URL"),
        (
            WebchatConfig,
            {"secret": "env:T", "origins": "x"},
            "setting 'origins' has 'x', which is none: write https://shop.example",
        ),
    ],
)
def test_what_a_bundled_channel_cannot_use_is_told_when_it_is_applied(
    config: type[DataclassLike], settings: dict[str, str], problem: str
) -> None:
    assert problems(config, settings) == (problem,)

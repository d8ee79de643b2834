"""Write docs/reference/: the pages that are read off the code, so that they cannot say anything else.

`make docs` writes them; tests/docs compares what stands there with what would be written. Text that is not in a page's
source (a docstring, a table's row, a command's help) does not belong in the page.
"""

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from functools import partial
from pathlib import Path

import click

from hookflash.cli import main as cli_main
from hookflash.engine.domain import refusals
from hookflash.engine.domain.limits import RANGE, Limits
from hookflash.engine.domain.notices import NOTICES
from hookflash.engine.domain.refusals import CODES, NEXT_REASONS, Reason, Refusal
from hookflash.engine.setting_values import LIMITS, TOP, Setting
from hookflash.engine.setting_words import WORDS
from hookflash.engine.settings import Settings
from hookflash.sdk import hooks
from tools import plugin_docs

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
_WRITTEN = "<!-- Written by `make docs` from the code; change the code. -->"


def main() -> int:
    """Write every page that is not as it should be."""
    for name, page in PAGES.items():
        path, text = FOLDER / name, page()
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"written: docs/reference/{name}")
    return 0


def errors_page() -> str:
    """Every reason for which a call can be refused, with its status code and when it is given."""
    when = {each.reason: _first_line(each) for each in _refusal_classes()}
    rows = [(f"`{r}`", CODES[r], when[r]) for r in Reason if r not in NEXT_REASONS]
    about = (
        "A refusal has one of these reasons in its `google.rpc.ErrorInfo`, changes nothing and sends nothing. "
        "Reasons are added, never changed: branch on them, and show the sentence that comes with them."
    )
    return _page("Errors", about, _table(("Reason", "gRPC code", "When"), rows))


def notices_page() -> str:
    """Every text of the engine's own that a person can see."""
    rows = [(f"`{key}`", f"`{row.default}`", row.audience, row.style) for key, row in NOTICES.items()]
    about = (
        "A deployment can override each text; an empty override sends nothing. Words in braces are filled in, once. "
        "TIMELINE entries are kept, a TOAST is shown once."
    )
    return _page("Notices", about, _table(("Key", "Default text", "Audience", "Style"), rows))


def settings_page() -> str:
    """Every setting, where it stands in `hookflash.toml`, its variable, default and range."""
    limits = {each.name: each for each in fields(Limits)}
    rows = []
    for setting in LIMITS:
        limit = limits[setting.key]
        default = limit.default_factory() if limit.default_factory is not MISSING else limit.default
        rows.append(
            (
                f"`{setting.key}`",
                _variable(setting),
                _shown(default),
                WORDS[setting.name],
                str(limit.metadata.get(RANGE, "")),
            )
        )
    others = [(f"`{_place(setting)}`", _variable(setting), _default(setting), WORDS[setting.name]) for setting in TOP]
    about = "A flag goes before its variable, that before the file, that before the default. An unknown key is refused."
    return _page(
        "Settings",
        about,
        "## `[engine]`\n\n" + _table(("Key", "Variable", "Default", "What it says", "May be"), rows),
        "## The others\n\n" + _table(("Key", "Variable", "Default", "What it says"), others),
    )


def _default(setting: Setting) -> str:
    """What holds where nobody says it."""
    settings = Settings()
    tables = {"": settings, "tokens": settings.tokens, "http": settings.http, "log": settings.log}
    named = {"metrics_listen": settings.metrics_listen, "strict_plugins": settings.plugins.is_strict}
    return _shown(named.get(setting.name, getattr(tables.get(setting.table), setting.key, None)))


def _shown(value: object) -> str:
    """A default as `hookflash.toml` would spell it."""
    match value:
        case None | "" | ():
            return "none"
        case bool():
            return f"`{str(value).lower()}`"
        case float() if value.is_integer():
            return f"`{value:.0f}`"
        case Mapping():
            return f"`{{{', '.join(f'{key} = {each}' for key, each in value.items())}}}`"
        case _:
            return f"`{value}`"


def hooks_page() -> str:
    """Every hook that a plugin can implement and every kind of object that it can register, with its page."""
    about = f"What a plugin can bring, by `hookflash.sdk` {hooks.SDK_VERSION}. {_first_line(hooks)}"
    return _page("Hooks", about, _table(("Page", "What it is for", "Bundled users"), plugin_docs.index()))


def cli_page() -> str:
    """Every command with its help, as `--help` prints it."""
    root = command_line()
    sections = [
        f"## `{context.command_path}`\n\n```text\n{_help(command, context)}\n```\n"
        for command, context in _commands(root, click.Context(root, info_name="hookflash"))
    ]
    return _page("Commands", "What `hookflash` and each of its commands say with `--help`.", *sections)


def command_line() -> click.Group:
    """Return the root of all commands."""
    return next(each for each in vars(cli_main).values() if isinstance(each, click.Group))


def _written(page: Callable[[], Sequence[str]]) -> str:
    return _page(*page())


PAGES: Mapping[str, Callable[[], str]] = {
    "cli.md": cli_page,
    "errors.md": errors_page,
    "hooks.md": hooks_page,
    "notices.md": notices_page,
    "settings.md": settings_page,
    **{name: partial(_written, page) for name, page in plugin_docs.pages().items()},
}


def _commands(command: click.Command, context: click.Context) -> Iterator[tuple[click.Command, click.Context]]:
    yield command, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None and not child.hidden:
                yield from _commands(child, click.Context(child, info_name=name, parent=context))


def _help(command: click.Command, context: click.Context) -> str:
    # As wide as a page everywhere: the width of the terminal that writes it must not show.
    context.terminal_width = context.max_content_width = 100
    return "\n".join(line.rstrip() for line in command.get_help(context).splitlines())


def _refusal_classes() -> Iterable[type[Refusal]]:
    named = (getattr(refusals, name) for name in refusals.__all__)
    return [each for each in named if isinstance(each, type) and issubclass(each, Refusal) and each is not Refusal]


def _variable(setting: Setting) -> str:
    return f"`HOOKFLASH_{setting.name.upper()}`"


def _place(setting: Setting) -> str:
    return f"[{setting.table}] {setting.key}" if setting.table else setting.key


def _first_line(source: object) -> str:
    return (inspect.getdoc(source) or "").split("\n\n", maxsplit=1)[0].replace("\n", " ")


def _page(title: str, about: str, *sections: str) -> str:
    return "\n".join([_WRITTEN, "", f"# {title}", "", about, "", *sections])


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main())

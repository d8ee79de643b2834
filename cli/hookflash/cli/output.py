"""What goes to stdout: tables for people, the API's own JSON for programs, nothing else.

A state is always a word; colour only underlines it. Tables are cut to no width where stdout is no terminal, so that
what is piped is whole.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from hookflash.cli.text import plain

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from rich.console import Console

__all__ = ["Column", "Printer", "View", "state_style", "word"]

_Item = TypeVar("_Item", bound="Message")
_WIDTH_MAX = 100_000

_STYLES = {
    **dict.fromkeys(
        ("READY", "ACTIVE", "ACCEPTED", "LOADED", "CREATED", "SERVING", "OPEN", "RUNNING", "CONNECTED"), "green"
    ),
    **dict.fromkeys(("QUEUED", "PARKED", "OFFERED", "RESERVED", "BUSY", "UPDATED", "PENDING_NOT_READY"), "yellow"),
    **dict.fromkeys(("STARTING", "FAILING"), "yellow"),
    **dict.fromkeys(("UNATTENDED", "NO_AGENT", "DECLINED", "FAILED", "DELETED", "INCOMPATIBLE", "NOT_SERVING"), "red"),
    **dict.fromkeys(("PAUSED", "DISCONNECTED"), "red"),
    **dict.fromkeys(
        ("CLOSED", "LOGGED_OUT", "NOT_READY", "UNCHANGED", "CANCELLED", "CUSTOMER_LEFT", "DISABLED"), "dim"
    ),
}


def state_style(state: str) -> str:
    """Return rich's style for a state word; an empty one where the word has none."""
    return _STYLES.get(state, "")


@dataclass(frozen=True, slots=True)
class Column(Generic[_Item]):
    """One column: its head, what stands in it, and whether only `wide` shows it."""

    head: str
    cell: Callable[[_Item], str]
    is_wide: bool = False


@dataclass(frozen=True, slots=True)
class View(Generic[_Item]):
    """How a kind of resource is shown: its columns, and its name for `-o name`."""

    columns: tuple[Column[_Item], ...]
    name: Callable[[_Item], str] = lambda item: str(getattr(item, "name", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Printer:
    """Prints results in the form that was asked for."""

    form: str = "table"
    color: str = "auto"

    def one(self, item: _Item, view: View[_Item]) -> None:
        """Print one resource."""
        self._print(item, [item], view)

    def many(self, answer: Message, items: Iterable[_Item], view: View[_Item]) -> None:
        """Print a list: `answer` is the API's message around the items."""
        self._print(answer, list(items), view)

    def streamed(self, items: Sequence[_Item], view: View[_Item], *, has_head: bool) -> None:
        """Print what a stream brought, at once; JSON is one line each, for a stream has no end."""
        for item in items if self.form in ("json", "jsonl") else ():
            print(json.dumps(as_json(item), ensure_ascii=False))
        for item in items if self.form == "yaml" else ():
            print("---\n" + as_yaml(as_json(item)), end="")
        if self.form in ("table", "wide", "name") and items:
            self._print(items[0], list(items), view, has_head=has_head)
        sys.stdout.flush()

    def facts(self, answer: Message, facts: Sequence[tuple[str, str]], name: str) -> None:
        """Print one thing as lines of head and value."""
        if self.form in ("table", "wide"):
            width = max(len(head) for head, _ in facts)
            for head, value in facts:
                self.styled([(f"{head:<{width}}  ", "dim"), (plain(value), state_style(value))])
        else:
            self._print(answer, [answer], View((), lambda _: name))

    def styled(self, parts: Sequence[tuple[str, str]], *, to_stderr: bool = False) -> None:
        """Print one line made of (text, style) parts."""
        from rich.text import Text

        self.console(to_stderr=to_stderr).print(Text.assemble(*parts), soft_wrap=True)

    def console(self, *, to_stderr: bool = False) -> Console:
        """Return rich's console for stdout or stderr, coloured as asked for."""
        from rich.console import Console

        file = sys.stderr if to_stderr else sys.stdout
        return Console(
            file=file,
            force_terminal={"always": True, "never": False}.get(self.color),
            no_color=True if self.color == "never" else None,
            width=None if file.isatty() else _WIDTH_MAX,
            highlight=False,
            markup=False,
            emoji=False,
        )

    def _print(self, answer: Message, items: list[_Item], view: View[_Item], *, has_head: bool = True) -> None:
        match self.form:
            case "json":
                print(json.dumps(as_json(answer), indent=2, ensure_ascii=False))
            case "yaml":
                print(as_yaml(as_json(answer)), end="")
            case "jsonl":
                for item in items:
                    print(json.dumps(as_json(item), ensure_ascii=False))
            case "name":
                for item in items:
                    print(plain(view.name(item)))
            case _:
                self._table(items, view, has_head=has_head)

    def _table(self, items: list[_Item], view: View[_Item], *, has_head: bool) -> None:
        from rich.table import Table
        from rich.text import Text

        columns = [column for column in view.columns if self.form == "wide" or not column.is_wide]
        table = Table(box=None, pad_edge=False, show_header=has_head, header_style="bold", padding=(0, 2, 0, 0))
        for column in columns:
            table.add_column(column.head, overflow="fold")
        for item in items:
            cells = [plain(column.cell(item)) for column in columns]
            table.add_row(*(Text(cell, style=state_style(cell)) for cell in cells))
        console = self.console()
        with console.capture() as captured:
            console.print(table)
        # rich fills every line up to the table's width.
        for line in captured.get().splitlines():
            print(line.rstrip())


def as_json(message: Message) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """Return the proto JSON of a message: camelCase names, 64-bit numbers as text, unset fields left out."""
    from google.protobuf.json_format import MessageToDict

    return MessageToDict(message)


def as_yaml(value: Any) -> str:  # noqa: ANN401 - whatever JSON can hold
    """Return a value as YAML."""
    import yaml

    return str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True))


def word(message: Message, field: str) -> str:
    """Return the bare word of an enum field: READY for AGENT_STATE_READY, nothing where it is not set."""
    enum: Any = message.DESCRIPTOR.fields_by_name[field].enum_type
    value = enum.values_by_number.get(getattr(message, field))
    if value is None:
        return str(getattr(message, field))
    unspecified = enum.values_by_number[0].name
    return str(value.name).removeprefix(unspecified.removesuffix("UNSPECIFIED")) if value.number else ""

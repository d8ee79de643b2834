"""The reference of everything that a plugin can bring: a page a hook and a page a kind of object, read off the code.

Each page has the docstring, the types that go in and out, an example that a test runs, and the bundled plugins that use
it (found in their sources). `tools/docs.py` writes the pages.
"""

import ast
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from enum import Enum
from functools import cache, partial
from pathlib import Path
from typing import Any

from hookflash import sdk
from hookflash.sdk import auth, channel, filters, hooks, hours, messages, policy, registry, routing, sinks, types

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "docs" / "examples" / "plugins"
BUNDLED = ROOT / "plugins" / "hookflash" / "plugins"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What one page is about: a hook or a method of the Registry, its example, and the types it speaks in."""

    name: str
    what: Callable[..., Any]
    example: str
    types: tuple[type, ...] = ()

    @property
    def is_hook(self) -> bool:
        """Whether it is a hook; else it is a kind of object that a plugin registers."""
        return self.what.__name__.startswith("hookflash_")

    @property
    def title(self) -> str:
        """The hook's or the method's own name."""
        return self.what.__name__ if self.is_hook else f"Registry.{self.what.__name__}"


SUBJECTS: Sequence[Subject] = (
    Subject(
        name="register",
        what=hooks.hookflash_register,
        example="say_hello_first",
        types=(registry.Registry, registry.RegistryError),
    ),
    Subject(
        name="engine_started",
        what=hooks.hookflash_engine_started,
        example="count_transfers",
        types=(hooks.EngineFacts,),
    ),
    Subject(name="engine_stopping", what=hooks.hookflash_engine_stopping, example="count_transfers"),
    Subject(name="event", what=hooks.hookflash_event, example="count_transfers", types=(hooks.EventHeader,)),
    Subject(
        name="choose_queue",
        what=hooks.hookflash_choose_queue,
        example="choose_by_language",
        types=(policy.ArrivalView, policy.QueueChoice),
    ),
    Subject(
        name="unattended",
        what=hooks.hookflash_unattended,
        example="back_to_the_last_queue",
        types=(policy.ConversationView, policy.LeaveOpen, policy.RouteTo, policy.Close),
    ),
    Subject(
        name="deny",
        what=hooks.hookflash_deny,
        example="services_do_not_close",
        types=(types.Principal, policy.ResourceRef, policy.Denial),
    ),
    Subject(
        name="channel",
        what=registry.Registry.channel,
        example="doorbell",
        types=(
            *(channel.ChannelAdapter, channel.PullChannel, channel.ChannelContext, channel.ChannelStore),
            *(channel.Capabilities, channel.TextUnit, channel.Level, channel.Receipts, channel.Idempotency),
            *(channel.HttpRequest, channel.HttpResponse, channel.CustomerAddress),
            *(channel.Inbound, channel.Text, channel.Media, channel.MediaRef, channel.MediaKind),
            *(channel.Edited, channel.Removed, channel.CustomerLeft, channel.Typing, channel.Unsupported),
            *(channel.Receipt, channel.ReceiptState),
            *(channel.Delivery, messages.Message, messages.CustomerNotice, messages.Choice, messages.Template),
            *(sdk.SendError, sdk.Throttled, sdk.Transient, sdk.Permanent, sdk.WindowClosed, sdk.Blocked),
            *(sdk.AuthExpired, sdk.BadSignature, sdk.ParseError, sdk.NotTaken),
        ),
    ),
    Subject(
        name="strategy",
        what=registry.Registry.strategy,
        example="senior_first",
        types=(
            *(routing.RoutingStrategy, routing.SelectingStrategy, routing.AgentView, routing.QueueView),
            *(routing.InviteView, routing.Candidates, routing.RoutingContext),
            *(routing.Offer, routing.Wait, routing.Reject),
        ),
    ),
    Subject(
        name="ordering",
        what=registry.Registry.ordering,
        example="most_offered_first",
        types=(routing.QueueOrdering, routing.InviteView),
    ),
    Subject(
        name="sink",
        what=registry.Registry.sink,
        example="keep_in_memory",
        types=(sinks.EventSink, sinks.Audience, sinks.Said, sinks.Event, sinks.Ack),
    ),
    Subject(
        name="authenticator",
        what=registry.Registry.authenticator,
        example="door_code",
        types=(auth.Authenticator, auth.Credentials, types.Principal),
    ),
    Subject(
        name="filter",
        what=registry.Registry.filter,
        example="no_shouting",
        types=(
            *(filters.TextFilter, filters.FilterStage, filters.FilterContext),
            *(filters.Passed, filters.Redacted, filters.Blocked),
        ),
    ),
    Subject(
        name="hours", what=registry.Registry.hours, example="office_hours", types=(hours.HoursProvider, hours.OpenState)
    ),
    Subject(name="texts", what=registry.Registry.texts, example="plain_words"),
    Subject(name="command", what=registry.Registry.command, example="ping"),
)


def pages() -> Mapping[str, Callable[[], Sequence[str]]]:
    """Every page by its file: title, what it is about, and its sections."""
    return {f"plugins/{subject.name}.md": partial(_page, subject) for subject in SUBJECTS}


def index() -> list[tuple[str, str, str]]:
    """A row a page: link, what it is in a sentence, and who of the bundled plugins uses it."""
    return [
        (
            f"[`{subject.title}`](plugins/{subject.name}.md)",
            _first_line(subject.what),
            ", ".join(f"`{user}`" for user in users(subject)),
        )
        for subject in SUBJECTS
    ]


def users(subject: Subject) -> list[str]:
    """The bundled plugins that implement the hook, or call the method of the Registry."""
    return sorted(name for name, used in _used().items() if subject.what.__name__ in used)


def _page(subject: Subject) -> Sequence[str]:
    example = (EXAMPLES / f"{subject.example}.py").read_text(encoding="utf-8")
    bundled = ", ".join(f"`{user}`" for user in users(subject)) or "none"
    return (
        subject.title,
        f"```python\n{_signature(subject.what)}\n```",
        f"{_prose(subject.what)}\n",
        *(_described(kind) for kind in subject.types),
        f"## Example\n\n`{subject.example}.py`, which a test loads and runs:\n\n```python\n{example}```\n",
        f"Bundled plugins that use it: {bundled}.\n",
    )


def _described(kind: type) -> str:
    lines = [f"## `{kind.__name__}`", "", _prose(kind), ""]
    if issubclass(kind, Enum):
        lines.append(", ".join(f"`{member.value}`" for member in kind) + "\n")
    elif is_dataclass(kind):
        rows = [f"| `{one.name}` | `{_type(one)}` | {_default(one)} |" for one in fields(kind)]
        if rows:
            lines += ["| Field | Type | Default |", "| --- | --- | --- |", *rows, ""]
    else:
        for method in _methods(kind):
            lines += [f"- `{_signature(method)}`: {_prose(method)}"]
        lines.append("")
    return "\n".join(lines)


def _methods(kind: type) -> Iterator[Callable[..., Any]]:
    for name, found in vars(kind).items():
        if inspect.isfunction(found) and (not name.startswith("_") or name in ("__iter__", "__len__")):
            yield found


def _signature(function: Callable[..., Any]) -> str:
    text = f"{function.__name__}{_short(str(inspect.signature(function)))}"
    return text.replace("(self, ", "(").replace("(self)", "()")


def _short(annotation: str) -> str:
    """Types by their own names, and written alike whichever Python writes them."""
    text = re.sub(r"\b(?:hookflash|collections|datetime|typing|random)\.[a-z_.]*\.?(?=[A-Z])", "", annotation)
    return re.sub(r"Optional\[([\w.]+)\]", r"\1 | None", text)


def _type(one: Field[Any]) -> str:
    text = one.type if isinstance(one.type, str) else inspect.formatannotation(one.type)
    return _short(text).replace("|", "\\|")


def _default(one: Field[Any]) -> str:
    if one.default is not MISSING:
        return f"`{one.default.value!r}`" if isinstance(one.default, Enum) else f"`{one.default!r}`"
    return "required" if one.default_factory is MISSING else "empty"


def _prose(source: object) -> str:
    return inspect.getdoc(source) or ""


def _first_line(source: object) -> str:
    return _prose(source).split("\n\n", maxsplit=1)[0].replace("\n", " ")


@cache
def _used() -> Mapping[str, frozenset[str]]:
    """Of each bundled plugin, the hooks it defines and the methods of the registry that it calls."""
    found: dict[str, frozenset[str]] = {}
    for entry in sorted(BUNDLED.iterdir()):
        name = entry.stem
        sources = sorted(entry.rglob("*.py")) if entry.is_dir() else [entry] if entry.suffix == ".py" else []
        used = frozenset(one for source in sources for one in _names(source))
        if hooks.hookflash_register.__name__ in used or any(one.startswith("hookflash_") for one in used):
            found[name] = used
    return found


def _names(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_bytes())):
        match node:
            case ast.FunctionDef(name=name) if name.startswith("hookflash_"):
                yield name
            case ast.Call(func=ast.Attribute(value=ast.Name(id="registry"), attr=method)):
                yield method
            case _:
                continue

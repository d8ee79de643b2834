"""The site as YAML: the five lists of Apply, with the API's own field names, `20s` for durations, bare words for enums.

Read against the API's own descriptors, so a new field needs no line here. Every mistake is told with its line: an
unknown or doubled key, a wrong type, a number out of range. A name may be short: `billing` for `queues/billing`.
"""

# ruff: noqa: ANN401  what a descriptor is, and what a field can hold, only protobuf knows

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import yaml
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.duration_pb2 import Duration

from hookflash.cli.failures import CommandError, ExitCode
from hookflash.cli.text import duration_s
from hookflash.sdk.client import messages as m

if TYPE_CHECKING:
    from google.protobuf.message import Message

__all__ = ["read_site", "site_text"]

_LISTS: Final = {
    "media_domains": "mediaDomains",
    "attributes": "attributes",
    "queues": "queues",
    "channels": "channels",
    "agents": "agents",
}
"""The lists in the order in which export writes them: what is named stands before what names it."""

_REFERENCES: Final = {("Queue", "overflow"): "queues", ("Channel", "queue"): "queues", ("Agent", "queues"): "queues"}
_OUTPUT_ONLY: Final = {
    "Queue": ("etag", "stats"),
    "Agent": ("etag", "ready"),
    "AgentDomain": ("state", "active", "reserved"),
    "Channel": ("etag",),
    "Attribute": ("etag",),
    "MediaDomain": ("etag",),
}
_INT: Final = re.compile(r"[-+]?[0-9]+")


def read_site(text: str, place: str) -> m.ApplyRequest:
    """Return what a site file says as a request; raises CommandError naming the line of the first mistake."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = 0 if error.problem_mark is None else error.problem_mark.line + 1
        raise CommandError(f"{place}, line {line}: this is not YAML: {error.problem}.", ExitCode.USAGE) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise CommandError(f"{place} is not YAML: {error}.", ExitCode.USAGE) from error
    request = m.ApplyRequest()
    if root is None:
        return request
    reader = _Reader(place)
    for key, node in reader.items(root, "the file", tuple(_LISTS)):
        for item in reader.sequence(node, key):
            resource = getattr(request, key).add()
            reader.fill(resource, item)
            if not resource.name:
                raise reader.mistake(item, f"one of {key} has no name")
            resource.name = reader.name(item, _LISTS[key], resource.name)
    return request


class _Reader:
    """Reads YAML nodes into messages; it keeps the file's name for its sentences."""

    def __init__(self, place: str) -> None:
        self._place = place

    def mistake(self, node: yaml.Node, what: str) -> CommandError:
        return CommandError(f"{self._place}, line {node.start_mark.line + 1}: {what}.", ExitCode.USAGE)

    def items(self, node: yaml.Node, what: str, known: tuple[str, ...] | None) -> list[tuple[str, yaml.Node]]:
        """Return a mapping's keys and values; unknown and doubled keys are refused."""
        if not isinstance(node, yaml.MappingNode):
            raise self.mistake(node, f"{what} must be a mapping of keys to values")
        seen: dict[str, yaml.Node] = {}
        for key_node, value in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else "this key"
            if known is not None and key not in known:
                raise self.mistake(key_node, f"{key!r} is unknown in {what}; known are {', '.join(known)}")
            if key in seen:
                raise self.mistake(key_node, f"{key!r} stands twice in {what}")
            seen[key] = value
        return list(seen.items())

    def sequence(self, node: yaml.Node, what: str) -> list[yaml.Node]:
        if _is_null(node):
            return []
        if not isinstance(node, yaml.SequenceNode):
            raise self.mistake(node, f"{what} must be a list")
        return list(node.value)

    def fill(self, message: Message, node: yaml.Node) -> None:
        """Set a message's fields from a mapping."""
        descriptor: Any = message.DESCRIPTOR
        names = tuple(descriptor.fields_by_name)
        shown = tuple(name for name in names if name not in _OUTPUT_ONLY.get(descriptor.name, ()))
        for key, value in self.items(node, f"a {descriptor.name}", shown):
            field = descriptor.fields_by_name[key]
            if _is_null(value):
                continue
            if _is_map(field):
                for name, each in self.items(value, key, None):
                    getattr(message, key)[name] = self._scalar(field.message_type.fields_by_name["value"], each, key)
            elif field.is_repeated:
                for each in self.sequence(value, key):
                    self._append(getattr(message, key), field, each)
            elif field.message_type is not None:
                self._set_message(getattr(message, key), value, key)
            else:
                setattr(message, key, self._scalar(field, value, key))

    def _append(self, items: Any, field: Any, node: yaml.Node) -> None:
        if field.message_type is not None:
            self.fill(items.add(), node)
        else:
            items.append(self._scalar(field, node, field.name))

    def _set_message(self, message: Message, node: yaml.Node, key: str) -> None:
        if not isinstance(message, Duration):
            message.SetInParent()
            self.fill(message, node)
            return
        try:
            message.FromNanoseconds(round(duration_s(self._text(node, key)) * 1_000_000_000))
        except ValueError as error:
            raise self.mistake(node, f"{key}: {str(error).rstrip('.')}") from error

    def _scalar(self, field: Any, node: yaml.Node, key: str) -> str | int | bool:
        text = self._text(node, key)
        match field.type:
            case FieldDescriptor.TYPE_STRING:
                collection = _REFERENCES.get((field.containing_type.name, field.name))
                return self.name(node, collection, text) if collection and text else text
            case FieldDescriptor.TYPE_BOOL:
                if text.lower() not in ("true", "false"):
                    raise self.mistake(node, f"{key} must be true or false, not {text!r}")
                return text.lower() == "true"
            case FieldDescriptor.TYPE_ENUM:
                return self._enum(field, node, text)
            case _:
                if _INT.fullmatch(text) is None or abs(int(text)) >= 2**31:
                    raise self.mistake(node, f"{key} must be a whole number, not {text!r}")
                return int(text)

    def _enum(self, field: Any, node: yaml.Node, text: str) -> int:
        values = field.enum_type.values
        prefix = values[0].name.removesuffix("UNSPECIFIED")
        for value in values[1:]:
            if text.upper() in (value.name, value.name.removeprefix(prefix)):
                return int(value.number)
        words = ", ".join(value.name.removeprefix(prefix) for value in values[1:])
        raise self.mistake(node, f"{field.name} must be one of {words}, not {text!r}")

    def _text(self, node: yaml.Node, key: str) -> str:
        # The text as it was written: a queue may be called `no` or `42`.
        if not isinstance(node, yaml.ScalarNode):
            raise self.mistake(node, f"{key} must be one value")
        return str(node.value)

    def name(self, node: yaml.Node, collection: str, given: str) -> str:
        """Return a whole resource name for an id or a name."""
        if "/" not in given:
            return f"{collection}/{given}"
        if not given.startswith(f"{collection}/"):
            raise self.mistake(node, f"{given!r} is no name like {collection}/ID")
        return given


def site_text(site: m.ExportResponse) -> str:
    """Return a site as YAML that `read_site` reads back to the same."""
    lists = {key: [_plain(each) for each in getattr(site, key)] for key in _LISTS}
    whole = {key: items for key, items in lists.items() if items}
    head = f"# The site as of position {site.position}. `hookflash apply -f FILE` makes it so again.\n"
    return head + (str(yaml.safe_dump(whole, sort_keys=False, allow_unicode=True, width=120)) if whole else "")


def _plain(message: Message) -> dict[str, object]:
    """Return a message as YAML can hold it, without what Apply ignores and without unset fields."""
    hidden = _OUTPUT_ONLY.get(message.DESCRIPTOR.name, ())
    return {field.name: _value(field, value) for field, value in message.ListFields() if field.name not in hidden}


def _value(field: Any, value: Any) -> object:
    if _is_map(field):
        return {key: value[key] for key in sorted(value)}
    if field.is_repeated:
        return [_single(field, each) for each in value]
    return _single(field, value)


def _single(field: Any, value: Any) -> object:
    if isinstance(value, Duration):
        fraction = f".{value.nanos:09d}".rstrip("0") if value.nanos else ""
        return f"{value.seconds}{fraction}s"
    if field.message_type is not None:
        return _plain(value)
    if field.enum_type is not None:
        prefix = field.enum_type.values[0].name.removesuffix("UNSPECIFIED")
        return field.enum_type.values_by_number[value].name.removeprefix(prefix)
    return value


def _is_map(field: Any) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null" and node.style is None

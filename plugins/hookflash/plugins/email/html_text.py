"""Reduces HTML to the text that a person would read.

Nothing of the markup survives: no script, no style, no link that goes elsewhere unseen. The scanner is our own, because
it looks at each character once: the time of the standard one grows with the square of what a sender wrote.
"""

import re
from collections.abc import Iterator
from html import unescape
from typing import Final, final

__all__ = ["html_to_text"]

HTML_LENGTH_MAX: Final = 262_144
"""Characters that are looked at: more is markup of a newsletter."""

_ATTRIBUTES_LENGTH_MAX: Final = 4_096
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]{0,40})")
_ATTRIBUTE: Final = re.compile(r"""\b(href|alt)\s{0,9}=\s{0,9}(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_RAW: Final = frozenset({"script", "style"})
_SILENT: Final = frozenset({"head", "script", "style", "template", "title", "noscript", "svg", "object"})
_BLOCKS: Final = frozenset(
    {
        *("address", "article", "aside", "blockquote", "dd", "div", "dl", "dt", "fieldset", "footer", "form", "header"),
        *("h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tbody"),
        *("tfoot", "thead", "tr", "ul"),
    }
)
_SPACES: Final = re.compile(r"[ \t\r\n\f\u00a0]+")


@final
class _Reduction:
    """Collects lines; a quotation's lines begin with `>` as in a mail of plain text."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._silent = 0
        self._quoted = 0
        self._link: str | None = None
        self._link_text: list[str] = []

    def open(self, tag: str, attributes: str) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag == "br":
            self._break()
        elif tag in _BLOCKS:
            self._break_if_begun()
            if tag == "blockquote":
                self._quoted += 1
            elif tag == "li":
                self._write("- ")
        elif tag in ("td", "th"):
            self._write(" ")
        elif tag == "img":
            self._write(_attribute(attributes, "alt") or "")
        elif tag == "a":
            self._link, self._link_text = _attribute(attributes, "href"), []

    def close(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _BLOCKS:
            self._break_if_begun()
            if tag == "p":
                self._break()
            elif tag == "blockquote":
                self._quoted = max(0, self._quoted - 1)
        elif tag == "a" and self._link is not None:
            link, said = self._link.strip(), "".join(self._link_text).strip()
            self._link = None
            if link.lower().startswith(("http://", "https://")) and link not in (said, f"{said}/"):
                self._write(f" ({link})" if said else link)

    def say(self, text: str) -> None:
        text = _SPACES.sub(" ", text)
        if self._link is not None:
            self._link_text.append(text)
        self._write(text)

    def text(self) -> str:
        self._break()
        return re.sub(r"\n{3,}", "\n\n", "\n".join(self._lines)).strip()

    def _write(self, text: str) -> None:
        if not self._line:
            text = text.lstrip()
        if not text or self._silent:
            return
        if not self._line and self._quoted:
            self._line.append("> ")
        self._line.append(text)

    def _break(self) -> None:
        self._lines.append("".join(self._line).rstrip())
        self._line = []

    def _break_if_begun(self) -> None:
        if self._line:
            self._break()


def html_to_text(html: str) -> str:
    """Give the text of some HTML, however broken; what lies beyond `HTML_LENGTH_MAX` is not looked at."""
    reduction = _Reduction()
    for kind, name, rest in _scanned(html[:HTML_LENGTH_MAX]):
        match kind:
            case "text":
                reduction.say(unescape(rest))
            case "open":
                reduction.open(name, rest)
            case _:
                reduction.close(name)
    return reduction.text()


def _scanned(html: str) -> Iterator[tuple[str, str, str]]:
    """Cut HTML into texts and tags; every search either moves on behind what it finds, or is the last one."""
    at, length = 0, len(html)
    ends = _Ends(html)
    while at < length:
        opening = html.find("<", at)
        if opening != at:
            yield "text", "", html[at : opening if opening >= 0 else length]
        if opening < 0:
            return
        at = opening
        found = _TAG.match(html, at)
        if html.startswith("<!--", at):
            at = ends.behind("-->", at + 4)
        elif html.startswith(("<!", "<?"), at):
            at = ends.behind(">", at)
        elif found is None:
            yield "text", "", "<"
            at += 1
        else:
            at = ends.of_tag(found.end())
            name = found[2].lower()
            yield ("close" if found[1] else "open"), name, html[found.end() : at][:_ATTRIBUTES_LENGTH_MAX]
            if name in _RAW and not found[1]:
                at = ends.behind(f"</{name}", at) - len(name) - 2 if ends.has(f"</{name}", at) else length


@final
class _Ends:
    """Where things end in a text; what was not found once is not looked for again."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lower = text.lower() if len(text.lower()) == len(text) else text
        self._next: dict[str, int] = {}

    def has(self, word: str, at: int) -> bool:
        return self._find(word, at) >= 0

    def behind(self, word: str, at: int) -> int:
        found = self._find(word, at)
        return len(self._text) if found < 0 else found + len(word)

    def of_tag(self, at: int) -> int:
        """Behind the `>` of a tag, which is not one that stands in quotes, if these end."""
        while True:
            end = self._find(">", at)
            if end < 0:
                return len(self._text)
            quotes = [(place, quote) for quote in "\"'" if 0 <= (place := self._find(quote, at)) < end]
            closing = self._find(min(quotes)[1], min(quotes)[0] + 1) if quotes else -1
            if closing < 0:
                return end + 1
            at = closing + 1

    def _find(self, word: str, at: int) -> int:
        # Kept: many questions have the same answer, and asking each time would be the square again.
        known = self._next.get(word)
        if known is None or 0 <= known < at:
            known = self._next[word] = self._lower.find(word, at)
        return known


def _attribute(attributes: str, name: str) -> str | None:
    for found in _ATTRIBUTE.finditer(attributes):
        if found[1].lower() == name:
            return unescape(found[2] or found[3] or found[4] or "")
    return None

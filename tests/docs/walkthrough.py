"""Runs a page: its files are written, its commands run in shells, and what it says is printed is waited for.

A fenced block is `sh` (commands, run to their end), `sh terminal=NAME` (left running), `sh stop=NAME`, `text` (what the
last commands printed), `text terminal=NAME` (what that terminal prints; a line behind `> ` is typed into it), or any
language with `file=PATH`. In an expected line `...` stands for anything.
"""

import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

__all__ = ["Block", "Walkthrough", "blocks_of"]

_FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block: its language, its words, its text, and the line of the page on which it begins."""

    language: str
    words: Mapping[str, str]
    text: str
    line: int


def blocks_of(page: str) -> Iterator[Block]:
    """Read a page's fenced blocks."""
    for found in _FENCE.finditer(page):
        words = {word.partition("=")[0]: word.partition("=")[2] for word in found[2].split()}
        yield Block(language=found[1], words=words, text=found[3], line=page[: found.start()].count("\n") + 1)


class Terminal:
    """A shell that was left running: lines are typed into it, and its lines are read in their order."""

    def __init__(self, commands: str, folder: Path, environ: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            ["/bin/bash", "-c", commands],
            cwd=folder,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
        )
        self._lines: list[str] = []
        self._read = 0
        self._changed = threading.Condition()
        self._is_over = False
        threading.Thread(target=self._follow, daemon=True).start()

    def type(self, line: str) -> None:
        """Type a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def wait_for(self, expected: str) -> None:
        """Read on until a line is as expected; fails when the terminal ends or nothing more comes."""
        pattern = _pattern(expected)
        with self._changed:
            while True:
                while self._read < len(self._lines):
                    line = self._lines[self._read]
                    self._read += 1
                    if pattern.search(line):
                        return
                assert not self._is_over, f"{expected!r} did not come:\n{self.said}"
                assert self._changed.wait(_PATIENCE_S), f"{expected!r} does not come:\n{self.said}"

    @property
    def said(self) -> str:
        """Everything so far."""
        return "".join(self._lines)

    def stop(self) -> None:
        """Press Ctrl-C, and wait for the end."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGINT)
        try:
            self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            raise
        finally:
            if self._process.stdin is not None:
                self._process.stdin.close()

    def _follow(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout:
            for line in self._process.stdout:
                with self._changed:
                    self._lines.append(line)
                    self._changed.notify_all()
        with self._changed:
            self._is_over = True
            self._changed.notify_all()


@dataclass(slots=True)
class Walkthrough:
    """One run of a page in a folder; `replaced` are words of the page that differ on this machine, such as ports."""

    folder: Path
    environ: Mapping[str, str]
    replaced: Mapping[str, str] = field(default_factory=dict)
    terminals: dict[str, Terminal] = field(default_factory=dict)
    printed: str = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for terminal in reversed(self.terminals.values()):
            terminal.stop()

    def run(self, block: Block) -> None:
        """Do what a block says."""
        text = block.text
        for word, other in self.replaced.items():
            text = text.replace(word, other)
        name = block.words.get("terminal")
        if "file" in block.words:
            path = self.folder / block.words["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif "stop" in block.words:
            self.terminals.pop(block.words["stop"]).stop()
        elif block.language == "sh" and name is not None:
            self.terminals[name] = Terminal(text, self.folder, self.environ)
        elif block.language == "sh":
            self._run(text)
        elif name is not None:
            self._talk(self.terminals[name], text)
        else:
            self._compare(text)

    def _run(self, commands: str) -> None:
        done = subprocess.run(
            ["/bin/bash", "-euc", commands],
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=5 * _PATIENCE_S,
        )
        told = "\n".join(f"-- {name}:\n{terminal.said}" for name, terminal in self.terminals.items())
        assert done.returncode == 0, f"{commands}\n{done.stdout}{done.stderr}\n{told}"
        self.printed = done.stdout

    def _talk(self, terminal: Terminal, text: str) -> None:
        for line in text.splitlines():
            if line.startswith("> "):
                terminal.type(line.removeprefix("> "))
            else:
                terminal.wait_for(line)

    def _compare(self, expected: str) -> None:
        lines = iter(self.printed.splitlines())
        for line in expected.splitlines():
            pattern = _pattern(line)
            assert any(pattern.search(printed) for printed in lines), f"{line!r} is not in:\n{self.printed}"


def _pattern(expected: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part.strip()) for part in expected.split("...")))

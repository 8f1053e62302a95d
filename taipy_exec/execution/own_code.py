"""The code of tasks on disk: the module of each task, and the application's modules it imports.

The modules are read as text and never imported. Line ends do not count. Everything else counts.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import os
import re
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.machinery import BYTECODE_SUFFIXES, EXTENSION_SUFFIXES
from pathlib import Path
from typing import NamedTuple

from taipy_exec.config.application import AppConfig
from taipy_exec.config.mapped import whole_name
from taipy_exec.config.vocabulary import MAIN_NAMES
from taipy_exec.execution.module_text import absolute_name
from taipy_exec.protocol.schema import FILE_NAME

# The result of one look at the disk is valid for this time, plus this many times the duration of
# the look, up to a limit. So looks at many files take only a small part of a process's time.
_LOOK_SECONDS = 0.1
_LOOK_FACTOR = 100
_LONGEST_LOOK_SECONDS = 1.0
# A file that changed less than this many seconds ago may change again with the same time: some
# file systems store times this coarsely.
_SETTLED_SECONDS = 2.0
# The most characters of names and digests in an order. Without them a failure names no files.
_LONGEST_LISTING = 2000
_PLAIN_NAME = re.compile(FILE_NAME)
# The digest of a module without source: there is nothing to compare.
NO_SOURCE = "-" * 8
_INIT = "__init__.py"
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
_OTHER_FORMS = (*BYTECODE_SUFFIXES, *EXTENSION_SUFFIXES)


@dataclass(frozen=True)
class Code:
    """The code of a task: digests of its files, by names that are the same on every machine."""

    files: Mapping[str, str]

    @cached_property
    def digest(self) -> str:
        """One digest of all files. Empty if there is nothing to compare."""
        is_whole = NO_SOURCE not in self.files.values()
        if not self.files or not (is_whole or self.listing):
            return ""
        lines = (f"{digest} {name}\n" for name, digest in sorted(self.files.items()))
        return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]

    @cached_property
    def listing(self) -> str:
        """A line for each file: the start of its digest, and its name. Empty if it is too long."""
        text = "\n".join(f"{digest[:8]} {name}" for name, digest in sorted(self.files.items()))
        return text if len(text) <= _LONGEST_LISTING else ""


def read_listing(text: str) -> dict[str, str]:
    """Names of files with the start of their digests, from `Code.listing`."""
    lines = (line.partition(" ") for line in text.split("\n") if line)
    return {name: digest for digest, _, name in lines}


class _File(NamedTuple):
    """A module's file. `imports` holds the full names of all modules that it may import."""

    name: str
    digest: str
    imports: tuple[str, ...]


class _Text(NamedTuple):
    """The contents of a file that was read. It is read again when its `stamp` changes."""

    stamp: tuple[int, ...]
    is_settled: bool
    digest: str
    imports: tuple[str, ...]


class OwnCode:
    """The code of the tasks of an application.

    Own code is below the application's root, or in the folder of its main script. Installed
    packages do not count. Code that cannot be imported by a name, such as a lambda, does not count
    either. With `check_code = "off"` in the configuration, no code counts.
    """

    def __init__(self, app: AppConfig) -> None:
        self._app = app
        self._is_on = app.job.check_code != "off"
        self._main = app.main_file or _started_script(app)
        folders = [app.root, self._main.resolve().parent] if self._main else [app.root]
        self._folders = list(dict.fromkeys(folders))
        self._starts: dict[str, tuple[str, ...]] = {}
        self._texts: dict[tuple[Path, str], _Text] = {}
        self._looked_at = float("-inf")
        self._files: dict[str, _File | None] = {}
        self._entries: dict[Path, frozenset[str]] = {}
        self._codes: dict[tuple[str, ...], Code] = {}
        self._holds = _LOOK_SECONDS

    def look(self) -> bool:
        """Look at the disk again if the last look is too old. Returns whether it was."""
        now = time.monotonic()
        if now - self._looked_at < self._holds:
            return False
        self._looked_at = now
        self._holds = _LOOK_SECONDS
        self._files.clear()
        self._entries.clear()
        self._codes.clear()
        return True

    def of(self, task: str) -> Code:
        """The code of a task at the last look. It has no files if it is not own code."""
        start = self._start(task)
        if start not in self._codes:
            begin = time.monotonic()
            self._codes[start] = Code({file.name: file.digest for file in self._walk(start)})
            took = time.monotonic() - begin
            self._holds = min(self._holds + _LOOK_FACTOR * took, _LONGEST_LOOK_SECONDS)
        return self._codes[start]

    def everything(self) -> dict[str, str]:
        """The files of all tasks with their digests."""
        found: dict[str, str] = {}
        tasks = {self._start(task): task for task in self._app.tasks}
        for code in map(self.of, tasks.values()):
            found.update(code.files)
        return found

    def foreign(self) -> set[str]:
        """The top-level names that the code of all tasks imports and that are not own code.

        Some of them may not be modules.
        """
        found: set[str] = set()
        for start in {self._start(task) for task in self._app.tasks}:
            for file in self._walk(start):
                found.update(name for name in file.imports if "." not in name)
        return {name for name in found if self._file(name) is None}

    def is_installed(self, name: str) -> bool:
        """Whether the module of a foreign file is installed on this machine."""
        top = name.partition("/")[0].removesuffix(".py")
        try:
            spec = importlib.util.find_spec(top) if top.isidentifier() else None
        except (ImportError, ValueError):
            return False
        if spec is None:
            return False
        places = spec.submodule_search_locations or [spec.origin or ""]
        own = {folder.resolve() for folder in self._folders}
        return not any(Path(place).parent.resolve() in own for place in places)

    def _start(self, task: str) -> tuple[str, ...]:
        """The possible names of the task's module, the longest first."""
        if task not in self._starts:
            config = self._app.tasks.get(whole_name(task))
            function = config.function_ref if config else None
            is_compared = self._is_on and function is not None and function.is_importable
            self._starts[task] = _modules(function.path) if function and is_compared else ()
        return self._starts[task]

    def _walk(self, start: tuple[str, ...]) -> Iterator[_File]:
        """The files of the module in `start` and of all modules that it imports, each once."""
        name = next((name for name in start if self._file(name)), None)
        todo = list(_beginnings(name)) if name else []
        seen = set(todo)
        while todo:
            file = self._file(todo.pop())
            if file is not None:
                yield file
                new = [other for other in file.imports if other not in seen]
                seen.update(new)
                todo += new

    # -- files ----------------------------------------------------------------------------

    def _file(self, name: str) -> _File | None:
        """The file of a module at the last look. None if it is not own code."""
        if name not in self._files:
            self._files[name] = self._find(name)
        return self._files[name]

    def _find(self, name: str) -> _File | None:
        if name in MAIN_NAMES:
            return self._read(self._main, self._main.name, "") if self._main else None
        *packages, last = name.split(".")
        for folder in (root.joinpath(*packages) for root in self._folders):
            inside = self._listed(folder)
            place = "/".join([*packages, last])
            # As in Python itself, a package comes before a module of the same name.
            if last in inside and _INIT in self._listed(folder / last):
                return self._read(folder / last / _INIT, f"{place}/{_INIT}", name)
            if f"{last}.py" in inside:
                return self._read(folder / f"{last}.py", f"{place}.py", ".".join(packages))
            if any(f"{last}{suffix}" in inside for suffix in _OTHER_FORMS):
                return _File(f"{place}.py", NO_SOURCE, ())
        return None

    def _listed(self, folder: Path) -> frozenset[str]:
        """The names in a folder at the last look. Empty if there is no such folder."""
        if folder not in self._entries:
            is_there = folder in self._folders or folder.name in self._listed(folder.parent)
            self._entries[folder] = _names_in(folder) if is_there else frozenset()
        return self._entries[folder]

    def _read(self, path: Path, shown: str, package: str) -> _File:
        name = shown if _PLAIN_NAME.fullmatch(shown) else MAIN_NAMES[0]
        try:
            text = self._text(path, package)
        except (OSError, ValueError):
            return _File(name, NO_SOURCE, ())
        return _File(name, text.digest, text.imports)

    def _text(self, path: Path, package: str) -> _Text:
        found = path.stat()
        stamp = (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
        known = self._texts.get((path, package))
        if known is not None and known.is_settled and known.stamp == stamp:
            return known
        is_settled = time.time() - max(found.st_mtime, found.st_ctime) > _SETTLED_SECONDS
        data = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        digest = hashlib.sha256(data).hexdigest()[:16]
        is_same = known is not None and known.digest == digest
        imports = known.imports if known and is_same else tuple(_imported(data, package))
        text = self._texts[path, package] = _Text(stamp, is_settled, digest, imports)
        return text


def _started_script(app: AppConfig) -> Path | None:
    """The main script of this process, if tasks use its functions. None if not."""
    functions = [task.function_ref for task in app.tasks.values() if task.function_ref]
    file = getattr(sys.modules.get(MAIN_NAMES[0]), "__file__", None)
    is_program = any(one.is_of_main and one.value is not None for one in functions)
    return Path(file).absolute() if file and is_program else None


def _names_in(folder: Path) -> frozenset[str]:
    try:
        with os.scandir(folder) as entries:
            return frozenset(entry.name for entry in entries)
    except (OSError, ValueError):
        return frozenset()


def _modules(path: str) -> tuple[str, ...]:
    """The possible modules in `module.name` or `module:Class.method`, the longest first."""
    module, mark, _ = path.partition(":")
    longest = module if mark else module.rpartition(".")[0]
    if not all(part.isidentifier() for part in longest.split(".")):
        return ()
    return (longest,) if mark else tuple(reversed(list(_beginnings(longest))))


def _beginnings(name: str) -> Iterator[str]:
    """a, a.b, a.b.c: an import of the last one runs the code of all."""
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        yield ".".join(parts[:end])


def _imported(data: bytes, package: str) -> list[str]:
    """The full names of all possible modules in a module's imports, at any place in its text."""
    try:
        with warnings.catch_warnings():
            # Such as about an escape sequence: the real import shows the warning.
            warnings.simplefilter("ignore")
            todo: list[ast.AST] = [ast.parse(data)]
    except (SyntaxError, ValueError, RecursionError):
        return []
    found: dict[str, None] = {}
    while todo:
        node = todo.pop()
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = absolute_name(node, package)
            names = [f"{module}.{alias.name}".lstrip(".") for alias in node.names]
        for name in names:
            found.update(dict.fromkeys(_beginnings(name)))
        # An import is a statement, so expressions are skipped.
        for field in _BLOCKS:
            todo += getattr(node, field, ())
    return list(found)

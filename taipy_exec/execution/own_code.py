"""The code of tasks as it lies on disk: the module of each, and what it imports of the application.

The modules are read as text and never imported. Line ends do not count; all else does.
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
from taipy_exec.execution.schema import FILE_NAME

# What one look at the disk has shown holds for so long, and for so many times what it took, up to a
# bound: looks at many files cost little of a process's time too.
_LOOK_SECONDS = 0.1
_LOOK_FACTOR = 100
_LONGEST_LOOK_SECONDS = 1.0
# A file that changed less than so many seconds ago may change again without showing it: times
# of files are coarse, on some file systems as coarse as this.
_SETTLED_SECONDS = 2.0
# So many characters of names and digests go with an order; without them a failure names no files.
_LONGEST_LISTING = 2000
_PLAIN_NAME = re.compile(FILE_NAME)
# Stands for the digest of a module that is there without source: nothing to compare.
NO_SOURCE = "-" * 8
_INIT = "__init__.py"
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
_OTHER_FORMS = (*BYTECODE_SUFFIXES, *EXTENSION_SUFFIXES)


@dataclass(frozen=True)
class Code:
    """What a task runs: digests of its files, by names that are the same on every machine."""

    files: Mapping[str, str]

    @cached_property
    def digest(self) -> str:
        """One digest of all; empty where there is nothing that could be compared by it."""
        is_whole = NO_SOURCE not in self.files.values()
        if not self.files or not (is_whole or self.listing):
            return ""
        lines = (f"{digest} {name}\n" for name, digest in sorted(self.files.items()))
        return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]

    @cached_property
    def listing(self) -> str:
        """The start of each file's digest and its name, a line each; empty where that is long."""
        text = "\n".join(f"{digest[:8]} {name}" for name, digest in sorted(self.files.items()))
        return text if len(text) <= _LONGEST_LISTING else ""


def read_listing(text: str) -> dict[str, str]:
    """Name -> start of the digest, from `Code.listing`."""
    lines = (line.partition(" ") for line in text.split("\n") if line)
    return {name: digest for digest, _, name in lines}


class _File(NamedTuple):
    """A module's file. `imports` holds all that it may import, by full names."""

    name: str
    digest: str
    imports: tuple[str, ...]


class _Text(NamedTuple):
    """What was read of a file; it is read again when its `stamp` is another one."""

    stamp: tuple[int, ...]
    is_settled: bool
    digest: str
    imports: tuple[str, ...]


class OwnCode:
    """The code of the tasks of an application.

    Own is what lies below the application's root, or beside its main script. Installed packages
    are not, nor is what has no name by which it could be imported, such as a lambda. Nothing is
    where the configuration says `check_code = "off"`.
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
        """Look at the disk anew where the last look is too long ago; whether that was so."""
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
        """The code of a task as the last look has shown it; without files where it is not own."""
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
        """The first names of the modules that the code of all tasks imports and that are not own.

        Some of them may be no modules.
        """
        found: set[str] = set()
        for start in {self._start(task) for task in self._app.tasks}:
            for file in self._walk(start):
                found.update(name for name in file.imports if "." not in name)
        return {name for name in found if self._file(name) is None}

    def is_installed(self, name: str) -> bool:
        """Whether the module of a file that is not our own is an installed one here."""
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
        """What may be the name of the task's module, the longest first."""
        if task not in self._starts:
            config = self._app.tasks.get(whole_name(task))
            function = config.function_ref if config else None
            is_compared = self._is_on and function is not None and function.is_importable
            self._starts[task] = _modules(function.path) if function and is_compared else ()
        return self._starts[task]

    def _walk(self, start: tuple[str, ...]) -> Iterator[_File]:
        """The files of the module that `start` names, and of all that it imports, each once."""
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
        """The file of a module, as the last look has shown it; None if it is not our own."""
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
            # As Python itself looks: a package goes before a module of its name.
            if last in inside and _INIT in self._listed(folder / last):
                return self._read(folder / last / _INIT, f"{place}/{_INIT}", name)
            if f"{last}.py" in inside:
                return self._read(folder / f"{last}.py", f"{place}.py", ".".join(packages))
            if any(f"{last}{suffix}" in inside for suffix in _OTHER_FORMS):
                return _File(f"{place}.py", NO_SOURCE, ())
        return None

    def _listed(self, folder: Path) -> frozenset[str]:
        """What lies in a folder, as the last look has shown it; nothing where there is none."""
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
    """The main script of this process, where functions of it are tasks."""
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
    """What may be the module in `module.name` or `module:Class.method`, the longest first."""
    module, mark, _ = path.partition(":")
    longest = module if mark else module.rpartition(".")[0]
    if not all(part.isidentifier() for part in longest.split(".")):
        return ()
    return (longest,) if mark else tuple(reversed(list(_beginnings(longest))))


def _beginnings(name: str) -> Iterator[str]:
    """a, a.b, a.b.c: whoever imports the last one runs the code of all."""
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        yield ".".join(parts[:end])


def _imported(data: bytes, package: str) -> list[str]:
    """All that may be modules among what a module imports, anywhere in it, by full names."""
    try:
        with warnings.catch_warnings():
            # Such as of an escape sequence: whoever imports the module is warned.
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
        # An import is a statement: what is inside of expressions need not be looked at.
        for field in _BLOCKS:
            todo += getattr(node, field, ())
    return list(found)

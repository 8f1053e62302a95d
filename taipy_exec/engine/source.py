"""What a task's function consists of: its source and that of all it uses in the application.

The modules are read as text and never imported. Comments, doc strings and layout do not count.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from taipy_exec.config.reference import MAIN_NAMES, FunctionRef

_Import = tuple[str, str | None]


class Sources:
    """Digests of functions, each worked out once: as long as a process lives, so does its code."""

    def __init__(self, root: Path, main_file: Path | None = None) -> None:
        self._root = root
        self._main_file = main_file
        self._modules: dict[str, _Module | None] = {}
        self._digests: dict[str, str] = {}

    def digest(self, function: FunctionRef) -> str:
        """Equal as long as the function, and what it uses in the application, is the same."""
        found = self._digests.get(function.path)
        if found is None:
            text = "\n".join(self._parts(function))
            found = hashlib.sha256(text.encode()).hexdigest()[:16]
            self._digests[function.path] = found
        return found

    def _parts(self, function: FunctionRef) -> list[str]:
        module_name, _, name = function.path.rpartition(".")
        value = function.value
        module = self._module(module_name, value)
        if module is not None and name in module.statements:
            return sorted(set(self._walk(module, name)))
        if isinstance(value, FunctionType):
            return list(_code_parts(value.__code__))
        return [function.path]

    # -- modules --------------------------------------------------------------------------

    def _module(self, name: str, value: Any = None) -> _Module | None:
        """The module as text; None where there is none to be had."""
        if name not in self._modules:
            path = self._file(name, value)
            self._modules[name] = _Module.read(name, path) if path else None
        return self._modules[name]

    def _file(self, name: str, value: Any) -> Path | None:
        if name in MAIN_NAMES:
            main = getattr(sys.modules.get(MAIN_NAMES[0]), "__file__", None)
            return self._main_file or (Path(main) if value is not None and main else None)
        inside = self._inside(name)
        if inside is not None:
            return inside
        try:
            spec = importlib.util.find_spec(name)
        except (ImportError, AttributeError, ValueError):
            return None
        origin = spec.origin if spec else None
        return Path(origin) if origin and origin.endswith(".py") else None

    def _inside(self, name: str) -> Path | None:
        """The module's file, if it is one of the application's own."""
        base = self._root.joinpath(*name.split("."))
        for path in (base.with_suffix(".py"), base / "__init__.py"):
            if path.is_file():
                return path
        return None

    # -- what a name stands for -------------------------------------------------------------

    def _walk(self, module: _Module, name: str) -> Iterator[str]:
        """The text of all that `name` of `module` consists of, each part once."""
        seen: set[tuple[str, str | None]] = set()
        todo: list[tuple[_Module, str | None]] = [(module, name)]
        while todo:
            where, what = todo.pop()
            if (where.name, what) in seen:
                continue
            seen.add((where.name, what))
            if what is None:
                yield f"{where.name}: {where.text}"
                todo += [(where, other) for other in where.imports]
                continue
            for statement in where.statements.get(what, ()):
                yield f"{where.name}.{what}: {_plain(statement)}"
                todo += self._used_by(where, statement)
            if what not in where.statements:
                imported = [where.imports[what]] if what in where.imports else where.stars(what)
                for one in imported:
                    target = self._target(one)
                    if target is None:
                        yield f"import {one}"
                    else:
                        todo.append(target)

    def _used_by(
        self, module: _Module, statement: ast.stmt
    ) -> Iterator[tuple[_Module, str | None]]:
        """What a statement uses; a module of the application that is not just looked into, whole.

        `ast.walk` comes to an attribute before the name that it is an attribute of.
        """
        looked_into: set[ast.Name] = set()
        for node in ast.walk(statement):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                target = self._target(module.imports.get(node.value.id))
                if target is not None and target[1] is None:
                    looked_into.add(node.value)
                    yield target[0], node.attr
            elif isinstance(node, ast.Name) and node not in looked_into:
                yield self._target(module.imports.get(node.id)) or (module, node.id)

    def _target(self, imported: _Import | None) -> tuple[_Module, str | None] | None:
        """The module, and the name in it, that an import of the application's own means."""
        if imported is None:
            return None
        name, attribute = imported
        if attribute is not None and self._inside(f"{name}.{attribute}"):
            name, attribute = f"{name}.{attribute}", None
        if not self._inside(name):
            return None
        module = self._module(name)
        return (module, attribute) if module is not None else None


class _Module:
    """A module's statements by the names that they bind, and its imports."""

    def __init__(self, name: str, text: str, is_package: bool) -> None:
        self.name = name
        self.text = text
        self.statements: dict[str, list[ast.stmt]] = {}
        self.imports: dict[str, _Import] = {}
        self._stars: list[str] = []
        self._package = name if is_package else name.rpartition(".")[0]
        for statement in ast.parse(text).body:
            self._note(statement)

    @classmethod
    def read(cls, name: str, path: Path) -> _Module | None:
        """From a file; None where it cannot be read."""
        try:
            return cls(name, path.read_text(encoding="utf-8"), path.name == "__init__.py")
        except (OSError, SyntaxError, ValueError):
            return None

    def stars(self, name: str) -> list[_Import]:
        """Where `name` may come from by `from module import *`."""
        return [(module, name) for module in self._stars]

    def _note(self, statement: ast.stmt) -> None:
        for node in ast.walk(statement):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    top = alias.name.partition(".")[0]
                    self.imports[alias.asname or top] = (alias.name if alias.asname else top, None)
            elif isinstance(node, ast.ImportFrom):
                module = self._absolute(node)
                for alias in node.names:
                    if alias.name == "*":
                        self._stars.append(module)
                    else:
                        self.imports[alias.asname or alias.name] = (module, alias.name)
        for name in _bound(statement):
            self.statements.setdefault(name, []).append(statement)

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self._package.split(".") if self._package else []
        parts = parts[: len(parts) - node.level + 1]
        return ".".join([*parts, *([node.module] if node.module else [])])


def _bound(statement: ast.stmt) -> set[str]:
    """The names that a statement of a module's top level binds, imports left out."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    found = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return found


def _plain(statement: ast.stmt) -> str:
    """A statement as text, without doc strings."""
    for node in ast.walk(statement):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = node.body[0]
            is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            if is_text and isinstance(first.value.value, str):  # type: ignore[attr-defined]
                node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(statement, annotate_fields=False)


def _code_parts(code: CodeType) -> Iterator[str]:
    """A function without source, such as one of a notebook, by its byte code."""
    yield code.co_code.hex()
    yield repr(code.co_names)
    for constant in code.co_consts:
        if inspect.iscode(constant):
            yield from _code_parts(constant)
        else:
            yield repr(constant)

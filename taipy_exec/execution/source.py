"""The source of a task's function, and of everything it uses in the application.

The modules are read as text and never imported. Comments, doc strings and layout do not count.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
import inspect
import os
import pickle
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType, MethodType
from typing import Any

from taipy_exec.config.reference import ClassRef, FunctionRef
from taipy_exec.config.vocabulary import MAIN_NAMES
from taipy_exec.execution.import_effects import EffectFinder
from taipy_exec.execution.module_text import Import, Module, Target, chain, plain

# Takes the place of a name: the module is imported only for its effects.
_EFFECTS = "\0"


_IMPORTED = time.time()


@functools.cache
def _process_start() -> float:
    """The start of this process, in seconds since the epoch.

    It is rounded up by 0.01 s. Python itself needs longer to start.
    """
    try:
        fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        ticks = int(fields[19]) + 1
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, AttributeError, ValueError, IndexError):
        return _IMPORTED
    return time.time() - age


class Sources:
    """Digests of functions, each calculated once: the code of a process does not change."""

    def __init__(self, root: Path, main_file: Path | None = None) -> None:
        self._root = root
        self._main_file = main_file
        self._modules: dict[str, Module | None] = {}
        self._digests: dict[str, tuple[str, bool]] = {}

    def digest(self, function: FunctionRef | ClassRef) -> str:
        """A digest that changes when the function, or its used part of the application, changes."""
        return self._found(function)[0]

    def digest_of_loaded(self, function: FunctionRef) -> str | None:
        """The digest of the code that this process runs. None if it is unknown.

        A file that changed after the start of the process may have been imported before the change.
        """
        digest, is_loaded = self._found(function)
        return digest if is_loaded else None

    def _found(self, function: FunctionRef | ClassRef) -> tuple[str, bool]:
        found = self._digests.get(function.path)
        if found is None:
            self._changed_at = 0.0
            text = "\n".join(self._parts(function))
            digest = hashlib.sha256(text.encode()).hexdigest()[:16]
            found = self._digests[function.path] = digest, self._changed_at < _process_start()
        return found

    def _parts(self, function: FunctionRef | ClassRef) -> list[str]:
        value = function.value if isinstance(function, FunctionRef) else None
        # The path of a function without a name, such as a lambda, is only a description.
        is_name = not {"<", "("} & set(function.path)
        path = function.path.replace(":", ".").split(".") if is_name else []
        # The longest start that is a module. The rest are names in it, such as a method.
        for end in range(len(path) - 1, 0, -1):
            module = self._module(".".join(path[:end]), value)
            if module is not None and module.knows(path[end]):
                return sorted(set(self._walk(module, path[end])))
        return self._parts_of_value(value) or [function.path]

    def _parts_of_value(self, value: Any) -> list[str]:
        """The parts of a callable without a name: the code that it calls, and its values."""
        if isinstance(value, FunctionType):
            return list(_code_parts(value.__code__))
        if isinstance(value, functools.partial):
            inner = self._parts(FunctionRef.of(value.func))
            return [*inner, _state((value.args, value.keywords))]
        if isinstance(value, MethodType):
            return [
                *self._parts(FunctionRef.of(value.__func__)),
                *self._parts_of_value(value.__self__),
            ]
        if value is None or isinstance(value, type):
            return []
        kind = type(value)
        return [*self._parts(FunctionRef.of(kind)), _state(getattr(value, "__dict__", value))]

    # -- modules --------------------------------------------------------------------------

    def _module(self, name: str, value: Any = None) -> Module | None:
        """The module as text. None if there is no readable source."""
        if name not in self._modules:
            path = self._file(name, value)
            self._modules[name] = Module.read(name, path) if path else None
        found = self._modules[name]
        if found is not None:
            self._changed_at = max(self._changed_at, found.changed_at)
        return found

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

    # -- names --------------------------------------------------------------------------------

    def _walk(self, module: Module, name: str) -> Iterator[str]:
        """The text of all parts of `name` in `module`, each part once."""
        seen: set[tuple[str, str | None]] = set()
        imported: set[str] = set()
        todo: list[tuple[Module, str | None]] = [(module, name)]
        while todo:
            where, what = todo.pop()
            if where.name not in imported:
                imported.add(where.name)
                texts, targets = self._effects(where)
                yield from texts
                todo += targets
            if (where.name, what) in seen or what == _EFFECTS:
                continue
            seen.add((where.name, what))
            if what is None:
                yield f"{where.name}: {where.text}"
                todo += [(where, other) for other in where.imports]
                continue
            for statement in where.statements.get(what, ()):
                yield f"{where.name}.{what}: {plain(statement)}"
                todo += self._used_by(where, statement)
            for one in where.sources(what):
                target = self._target(one)
                if target is None:
                    yield f"import {one}"
                else:
                    todo.append(target)

    def _effects(self, module: Module) -> tuple[list[str], list[Target]]:
        """The effects of a module's import: the text of its statements, and the code they use."""
        if module.effects is None:
            finder = EffectFinder(
                lambda name: next((one for one, _ in module.imports.get(name, ())), None),
                lambda base: self._registers(module, base, set()),
                lambda called: self._definitions(module, called),
            )
            texts: list[str] = []
            targets: list[Target] = [(found, _EFFECTS) for found in self._imported_by(module)]
            for statement in finder.find(module.body):
                texts.append(f"{module.name}: {plain(statement)}")
                targets += self._used_by(module, statement)
            module.effects = texts, targets
        return module.effects

    def _definitions(self, module: Module, called: ast.expr) -> list[ast.stmt]:
        """The functions of the application that a call may run, found by their names."""
        if isinstance(called, ast.Name):
            inside = [self._target(one) for one in module.imports.get(called.id, ())]
            places = [target for target in inside if target is not None]
            places = places or [(module, called.id)]
        elif isinstance(called, ast.Attribute):
            places = list(self._looked_into(module, chain(called)[0]))
        else:
            return []
        return [
            statement
            for where, name in places
            for statement in where.statements.get(name or "", ())
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef)
        ]

    def _registers(self, module: Module, base: ast.expr, seen: set[tuple[str, str]]) -> bool:
        """Whether a class registers its subclasses: by `__init_subclass__`, or by a metaclass."""
        if not isinstance(base, ast.Name) or (module.name, base.id) in seen:
            return False
        seen.add((module.name, base.id))
        for one in module.imports.get(base.id, ()):
            target = self._target(one)
            if target is not None and target[1] is not None:
                named = ast.Name(target[1], ast.Load())
                if self._registers(target[0], named, seen):
                    return True
        return any(
            isinstance(statement, ast.ClassDef)
            and (
                bool(statement.keywords)
                or any(getattr(one, "name", "") == "__init_subclass__" for one in statement.body)
                or any(self._registers(module, further, seen) for further in statement.bases)
            )
            for statement in module.statements.get(base.id, ())
        )

    def _imported_by(self, module: Module) -> Iterator[Module]:
        """The application's own modules that run when this one is imported or used."""
        for name in module.modules:
            parts = name.split(".")
            for end in range(1, len(parts) + 1):
                path = ".".join(parts[:end])
                found = self._module(path) if self._inside(path) else None
                if found is not None:
                    yield found

    def _used_by(self, module: Module, statement: ast.stmt) -> Iterator[tuple[Module, str | None]]:
        """The names that a statement uses. `None` means a whole module of the application.

        `ast.walk` gives an attribute before the name that has the attribute.
        """
        looked_into: set[ast.AST] = set()
        for node in ast.walk(statement):
            if node in looked_into:
                continue
            if isinstance(node, ast.Attribute):
                names, inner = chain(node)
                targets = list(self._looked_into(module, names))
                if targets:
                    looked_into.update(inner)
                    yield from targets
            elif isinstance(node, ast.Name):
                found = [self._target(one) for one in module.imports.get(node.id, ())]
                inside = [target for target in found if target is not None]
                yield from inside
                if not inside or len(inside) < len(found):
                    yield module, node.id

    def _looked_into(self, module: Module, names: list[str]) -> Iterator[tuple[Module, str | None]]:
        """The targets of `package.module.name` that are in modules of the application."""
        for name, attribute in module.imports.get(names[0], ()) if names else ():
            path = f"{name}.{attribute}" if attribute else name
            rest = names[1:]
            while rest and self._inside(f"{path}.{rest[0]}"):
                path = f"{path}.{rest.pop(0)}"
            found = self._module(path) if self._inside(path) else None
            if found is not None:
                yield found, rest[0] if rest else None

    def _target(self, imported: Import) -> tuple[Module, str | None] | None:
        """The application's module that an import means, and the name in it. None if foreign."""
        name, attribute = imported
        if attribute is not None and self._inside(f"{name}.{attribute}"):
            name, attribute = f"{name}.{attribute}", None
        if not self._inside(name):
            return None
        module = self._module(name)
        return (module, attribute) if module is not None else None


def _state(value: Any) -> str:
    """A digest of an object's value that is the same in every process. Its type if none exists."""
    try:
        return hashlib.sha256(pickle.dumps(value, protocol=5)).hexdigest()
    except Exception:
        return type(value).__qualname__


def _code_parts(code: CodeType) -> Iterator[str]:
    """The parts of a function without source, such as one of a notebook: its byte code."""
    yield code.co_code.hex()
    yield repr(code.co_names)
    for constant in code.co_consts:
        if inspect.iscode(constant):
            yield from _code_parts(constant)
        else:
            yield repr(constant)

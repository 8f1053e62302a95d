"""Recognise a Taipy program by its files, without an import."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from pathlib import Path

from taipy_exec.config.application_path import ApplicationPath

_TAIPY = "taipy"
# The calls of a program that runs its scenarios itself.
_SERVICES = {"Orchestrator", "Core", "Rest", "Gui", "run"}


def is_taipy_program(found: ApplicationPath, *, prefers_program: bool = False) -> bool:
    """Whether the application is described by its program rather than by a TOML file.

    A folder may hold both. Then the TOML file counts, unless the program is preferred and starts
    a service of Taipy itself.
    """
    if found.main is None:
        return False
    tree = _parsed(found.main)
    if tree is None:
        return False
    if found.toml is None:
        return imports_taipy(tree) or any(
            imports_taipy(other) for other in _own_modules(tree, found.main.parent)
        )
    return prefers_program and imports_taipy(tree) and _starts_service(tree)


def has_taipy() -> bool:
    """Whether Taipy is installed here."""
    return importlib.util.find_spec(_TAIPY) is not None


def _parsed(path: Path) -> ast.Module | None:
    try:
        return ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports_taipy(tree: ast.Module) -> bool:
    """Whether the module itself imports Taipy or a part of Taipy."""
    return any(name.partition(".")[0] == _TAIPY for name in _imports(tree))


def _own_modules(tree: ast.Module, root: Path) -> Iterator[ast.Module]:
    """The modules of the application that the program imports itself."""
    for name in dict.fromkeys(_imports(tree)):
        base = root.joinpath(*name.split("."))
        for path in (base.with_suffix(".py"), base / "__init__.py"):
            module = _parsed(path) if path.is_file() else None
            if module is not None:
                yield module


def _starts_service(tree: ast.Module) -> bool:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name in _SERVICES:
                return True
    return False

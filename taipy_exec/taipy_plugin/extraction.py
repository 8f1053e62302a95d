"""Functions of a program, taken out of it with what they need, so that Taipy is not needed."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterable, Iterator


def extract(source: str, names: Iterable[str]) -> str | None:
    """The text of a module with these functions and all of the top level that they use.

    None where one of them uses something of Taipy, or something that is not to be found.
    """
    lines = source.splitlines()
    statements = ast.parse(source).body
    binding: dict[str, list[ast.stmt]] = {}
    for statement in statements:
        for name in _bound(statement):
            binding.setdefault(name, []).append(statement)
    chosen: set[int] = set()
    todo = list(names)
    if any(name not in binding for name in todo):
        return None
    while todo:
        for statement in binding.get(todo.pop(), ()):
            position = statements.index(statement)
            if position in chosen:
                continue
            if _is_of_taipy(statement):
                return None
            chosen.add(position)
            todo += _used(_text(lines, statement))
    taken = [statements[position] for position in sorted(chosen)]
    imports = [_text(lines, statement) for statement in taken if _is_import(statement)]
    rest = [_text(lines, statement) for statement in taken if not _is_import(statement)]
    return "\n\n\n".join(["\n".join(imports), *rest] if imports else rest) + "\n"


def _used(text: str) -> Iterator[str]:
    """The names of the module's top level that a statement uses; its own variables are none."""
    tables = [symtable.symtable(text, "statement", "exec")]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        for symbol in table.get_symbols():
            if symbol.is_global() or (table.get_type() == "module" and symbol.is_referenced()):
                yield symbol.get_name()


def _bound(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Import | ast.ImportFrom):
        for alias in statement.names:
            yield alias.asname or alias.name.partition(".")[0]
    else:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id


def _is_import(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Import | ast.ImportFrom)


def _is_of_taipy(statement: ast.stmt) -> bool:
    modules: list[str] = []
    if isinstance(statement, ast.Import):
        modules = [alias.name for alias in statement.names]
    elif isinstance(statement, ast.ImportFrom):
        modules = [statement.module or ""]
    return any(name.partition(".")[0] == "taipy" for name in modules)


def _text(lines: list[str], statement: ast.stmt) -> str:
    decorators = getattr(statement, "decorator_list", [])
    first = min([statement.lineno, *(decorator.lineno for decorator in decorators)])
    return "\n".join(lines[first - 1 : statement.end_lineno])

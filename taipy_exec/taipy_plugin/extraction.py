"""Copies functions of a program with all that they need, so that they do not need Taipy."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterable, Iterator


def extract(source: str, names: Iterable[str]) -> str | None:
    """The text of a module with these functions and all top-level statements that they use.

    None if one of them uses something of Taipy, or a name that is not found.
    """
    lines = source.splitlines()
    statements = ast.parse(source).body
    binding: dict[str, list[ast.stmt]] = {}
    for statement in statements:
        for name in () if _is_guard(statement) else _bound(statement):
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


def _bound(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Import | ast.ImportFrom):
        for alias in statement.names:
            yield alias.asname or alias.name.partition(".")[0]
    else:
        table = symtable.symtable(ast.unparse(statement), "<program>", "exec")
        yield from (name.get_name() for name in table.get_symbols() if name.is_assigned())


def _used(text: str) -> list[str]:
    """The top-level names that a statement uses, without its own variables."""
    tables = [symtable.symtable(text, "<program>", "exec")]
    found = [name.get_name() for name in tables[0].get_symbols() if name.is_referenced()]
    while tables:
        inner = tables.pop().get_children()
        tables += inner
        found += [n.get_name() for table in inner for n in table.get_symbols() if n.is_global()]
    return found


def _is_guard(statement: ast.stmt) -> bool:
    """Whether it is `if __name__ == "__main__":`, which is not part of the module."""
    return isinstance(statement, ast.If) and any(
        isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(statement.test)
    )


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

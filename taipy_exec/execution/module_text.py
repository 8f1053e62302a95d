"""A module of the application as text: its statements by name, its imports, its effects."""

from __future__ import annotations

import ast
from pathlib import Path

# The module that a name comes from, and its name there; None for the module itself.
Import = tuple[str, str | None]
# A module and a name in it; None for the whole module.
Target = tuple["Module", str | None]


class Module:
    """A module's statements by the names that they bind, and its imports."""

    def __init__(self, name: str, text: str, is_package: bool, changed_at: float) -> None:
        self.name = name
        self.text = text
        self.changed_at = changed_at
        self.body = ast.parse(text).body
        self.effects: tuple[list[str], list[Target]] | None = None
        self.modules: set[str] = set()
        self.statements: dict[str, list[ast.stmt]] = {}
        self.imports: dict[str, list[Import]] = {}
        self._stars: list[str] = []
        self._package = name if is_package else name.rpartition(".")[0]
        for statement in self.body:
            self._note(statement)

    @classmethod
    def read(cls, name: str, path: Path) -> Module | None:
        """Read it from a file. None if the file cannot be read."""
        try:
            times = path.stat()
            changed_at = max(times.st_mtime, times.st_ctime)
            text = path.read_text(encoding="utf-8")
            return cls(name, text, path.name == "__init__.py", changed_at)
        except (OSError, SyntaxError, ValueError):
            return None

    def knows(self, name: str) -> bool:
        """Whether the module has this name: its own one, or one that it imports."""
        return name in self.statements or name in self.imports or bool(self._stars)

    def sources(self, name: str) -> list[Import]:
        """The imports that may define `name`. Empty if only the module itself defines it."""
        if name in self.imports:
            return self.imports[name]
        if name in self.statements:
            return []
        return [(module, name) for module in self._stars]

    def _note(self, statement: ast.stmt) -> None:
        for node in ast.walk(statement):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self.modules.add(alias.name)
                    top = alias.name.partition(".")[0]
                    self._import(alias.asname or top, (alias.name if alias.asname else top, None))
            elif isinstance(node, ast.ImportFrom):
                module = absolute_name(node, self._package)
                self.modules |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
                for alias in node.names:
                    if alias.name == "*":
                        self._stars.append(module)
                    else:
                        self._import(alias.asname or alias.name, (module, alias.name))
            elif isinstance(node, ast.Call) and _root(node.func) & {"importlib", "import_module"}:
                self.modules |= {one.value for one in node.args if _is_text(one)}  # type: ignore[attr-defined]
        for name in _bound(statement):
            self.statements.setdefault(name, []).append(statement)

    def _import(self, name: str, source: Import) -> None:
        self.imports.setdefault(name, []).append(source)


def absolute_name(node: ast.ImportFrom, package: str) -> str:
    """The full name of the module in `from ... import`; empty for the folder of a module.

    `package` is the package of the importing module.
    """
    if not node.level:
        return node.module or ""
    parts = package.split(".") if package else []
    parts = parts[: len(parts) - node.level + 1]
    return ".".join([*parts, *([node.module] if node.module else [])])


def chain(node: ast.Attribute) -> tuple[list[str], set[ast.AST]]:
    """`a.b.c` as names, with its inner nodes. No names if it does not begin with a name."""
    names, inner = [node.attr], set[ast.AST]()
    below: ast.expr = node.value
    while isinstance(below, ast.Attribute):
        names.append(below.attr)
        inner.add(below)
        below = below.value
    if not isinstance(below, ast.Name):
        return [], inner
    return [below.id, *reversed(names)], {*inner, below}


def _bound(statement: ast.stmt) -> set[str]:
    """The names that a top-level statement of a module binds or changes, except imports."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    found = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
            found |= _root(node)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            found |= _root(node.func)  # such as TABLE.update(...)
    return found


def _root(node: ast.expr) -> set[str]:
    """The name at the start of `name.a[b].c`."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def plain(statement: ast.stmt) -> str:
    """A statement as text, without doc strings."""
    for node in ast.walk(statement):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = node.body[0]
            is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            if is_text and isinstance(first.value.value, str):  # type: ignore[attr-defined]
                node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(statement, annotate_fields=False)

"""Statements of a module that do more than define names. They affect every importing module.

A decorator may put a function into a registry, a call may set a global, an assignment may change
another module. Code that only imports the module gets these effects too.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator

# Calls that only print or log, and change no result.
_REPORTING = ("logging", "warnings", "print")


class EffectFinder:
    """Finds such statements in one module.

    `module_of` gives the module that a name was imported from, None for the module's own names.
    `registers` says whether a subclass of the class of this name registers itself somewhere.
    `definitions` gives the functions of the application that a call of this expression may run.
    """

    def __init__(
        self,
        module_of: Callable[[str], str | None],
        registers: Callable[[ast.expr], bool],
        definitions: Callable[[ast.expr], list[ast.stmt]],
    ) -> None:
        self._module_of = module_of
        self._registers = registers
        self._definitions = definitions

    def find(self, body: list[ast.stmt]) -> Iterator[ast.stmt]:
        """The statements with effects at a module's top level."""
        own = {name for statement in body for name in _names_bound(statement)}
        return (statement for statement in body if self._has_effect(statement, own))

    def _has_effect(self, statement: ast.stmt, own: set[str]) -> bool:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                return self._is_decorated(statement.decorator_list)
            case ast.ClassDef():
                return (
                    self._is_decorated(statement.decorator_list)
                    or bool(statement.keywords)
                    or any(map(self._registers, statement.bases))
                )
            case ast.If(test=test) if _is_main_part(test):
                return False
            case ast.Delete():
                return True
            case ast.Expr(value=value) if self._call_has_effect(value, own):
                return True
        return any(
            self._has_effect(one, own)
            if isinstance(one, ast.stmt)
            else self._part_has_effect(one, own)
            for one in _parts(statement)
        )

    def _part_has_effect(self, part: ast.AST, own: set[str]) -> bool:
        """Whether an expression changes a foreign object, or calls a function that does so."""
        for node in ast.walk(part):
            if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store):
                if _root(node) not in own:
                    return True
            elif isinstance(node, ast.Call) and any(
                map(_changes_globals, self._definitions(node.func))
            ):
                return True
        return False

    def _is_decorated(self, decorators: list[ast.expr]) -> bool:
        """Whether a decorator is not of Python's own library (`functools.cache` is)."""
        return any(
            (self._module_of(root) or root).partition(".")[0] not in _LIBRARY
            for root in map(_root, decorators)
        )

    def _call_has_effect(self, value: ast.expr, own: set[str]) -> bool:
        if not isinstance(value, ast.Call | ast.Await):
            return False
        root = _root(value)
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and root in own:
            return False  # such as TABLE.update(...): it counts for code that uses TABLE
        return (self._module_of(root) or root).partition(".")[0] not in _REPORTING


_LIBRARY = frozenset({*sys.stdlib_module_names, "property", "staticmethod", "classmethod"})


def _parts(statement: ast.AST) -> Iterator[ast.AST]:
    """The direct statements and expressions of a statement."""
    for part in ast.iter_child_nodes(statement):
        if isinstance(part, ast.ExceptHandler | ast.match_case | ast.withitem):
            yield from _parts(part)
        else:
            yield part


def _names_bound(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _root(node: ast.expr) -> str:
    """The name at the start of `name.a[b](c).d`, empty if there is none."""
    while True:
        match node:
            case ast.Attribute(value=below) | ast.Subscript(value=below) | ast.Await(value=below):
                node = below
            case ast.Call(func=below):
                node = below
            case ast.Name(id=name):
                return name
            case _:
                return ""


def _changes_globals(function: ast.stmt) -> bool:
    """Whether the function's body changes a global or a part of one."""
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    given = function.args
    own = {one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)}
    own |= {one.arg for one in (given.vararg, given.kwarg) if one is not None}
    nodes = [node for statement in function.body for node in ast.walk(statement)]
    own |= {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return any(
        isinstance(node, ast.Global)
        or (
            isinstance(node, ast.Attribute | ast.Subscript)
            and isinstance(node.ctx, ast.Store)
            and _root(node) not in own
        )
        or (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Call)
            and _root(node.value) not in own
        )
        for node in nodes
    )


def _is_main_part(test: ast.expr) -> bool:
    """Whether the test is `__name__ == "__main__"` or `TYPE_CHECKING`."""
    names = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}
    return bool(names & {"__name__", "TYPE_CHECKING"})

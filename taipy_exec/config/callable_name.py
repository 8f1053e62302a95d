"""The name of a callable: the path by which another process can find it, if there is one."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from types import BuiltinMethodType, MethodType, ModuleType
from typing import Any, NamedTuple

from taipy_exec.config.vocabulary import MAIN_NAMES


class CallableName(NamedTuple):
    """`path` is `module.name`, or `module:Class.method`.

    `is_exact`: the path leads to this callable. If not, the path is a description, such as
    `functools.partial(module.name)`.
    """

    path: str
    is_exact: bool


def callable_name(value: Callable[..., Any]) -> CallableName:
    """The name of a function, class, method, partial or instance that can be called."""
    own = _own_name(value)
    if own is not None and resolves_to(own, value):
        return CallableName(own, True)
    for module in _modules(value):
        for name, found in list(vars(module).items()):
            if found is value:
                return CallableName(f"{_home(module, name, value)}.{name}", True)
    return CallableName(own or _description(value), False)


def _own_name(value: Any) -> str | None:
    """The name from the callable's own attributes; None if they describe its type."""
    name = getattr(value, "__qualname__", None)
    if not isinstance(name, str) or _is_of_instance(value):
        return None
    module = getattr(value, "__module__", None) or "builtins"
    # A method is no name in a module; `<locals>` and `<lambda>` are no names at all.
    mark = ":" if "." in name and "<" not in name else "."
    return f"{module}{mark}{name}"


def _is_of_instance(value: Any) -> bool:
    """Whether it is a method of an instance, and not of a class or a module."""
    behind = getattr(value, "__self__", None)
    return behind is not None and not isinstance(behind, type | ModuleType)


def resolves_to(path: str, value: Any) -> bool:
    """Whether the path leads to `value` in this process, if its module is imported."""
    module, _, names = path.partition(":") if ":" in path else path.rpartition(".")
    found: Any = sys.modules.get(module)
    for name in names.split("."):
        found = getattr(found, name, None)
    # Each access to a class method makes a new object: the objects are equal, not identical.
    return found is value or (found is not None and _same_method(found, value))


def _same_method(found: Any, value: Any) -> bool:
    kinds = MethodType | BuiltinMethodType
    return isinstance(found, kinds) and isinstance(value, kinds) and bool(found == value)


def _modules(value: Any) -> Iterator[ModuleType]:
    """The modules in which a variable may hold the callable, the likely ones first."""
    first = [
        getattr(value, "__module__", None),
        getattr(type(value), "__module__", None),
        MAIN_NAMES[0],
    ]
    names = [name for name in first if isinstance(name, str)]
    if getattr(value, "__qualname__", None) is None:
        names += list(sys.modules)  # an instance, which any module may have made
    for name in dict.fromkeys(names):
        module = sys.modules.get(name)
        if isinstance(module, ModuleType):
            yield module


def _home(module: ModuleType, name: str, value: Any) -> str:
    """The module that has `value`, which the main script may have imported from another one."""
    if module.__name__ not in MAIN_NAMES:
        return module.__name__
    for other, found in list(sys.modules.items()):
        if other not in MAIN_NAMES and getattr(found, "__dict__", {}).get(name) is value:
            return other
    return module.__name__


def _description(value: Any) -> str:
    if isinstance(value, functools.partial):
        return f"functools.partial({callable_name(value.func).path})"
    behind = getattr(value, "__self__", None)
    if behind is not None:
        return f"{_type_name(behind)}().{getattr(value, '__name__', '?')}"
    return f"{_type_name(value)}()"


def _type_name(value: Any) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"

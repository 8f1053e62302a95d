"""Facts about a call before it is made: its arguments, and how many results it gives."""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Callable, Sequence
from types import FunctionType, MethodType
from typing import Any, get_args, get_origin

_LONGEST_LIST = 8  # names of arguments in a message
_TUPLES = ("tuple", "Tuple", "typing.Tuple", "t.Tuple")
# Annotations of a result that can never be split. A text, a dict or a table has a length.
_SINGLE = {kind.__name__: kind for kind in (int, float, bool, complex)}


def known_signature(function: Callable[..., Any]) -> inspect.Signature | None:
    """The signature of the code that would be called; None if it is not certain.

    Only Python code is certain. A `__signature__` is a description, which may be wrong, and a
    decorated function does not show what its wrapper takes.
    """
    try:
        if not _is_plain(function):
            return None
        call = _own_call(function)
        # An instance's own attributes may be anything, and may raise anything.
        described = function if call is None else MethodType(call, object())
        return inspect.signature(described, follow_wrapped=False)
    except Exception:  # of the user's objects
        return None


def _is_plain(function: Any) -> bool:
    while _is_partial(function):
        function = function.func
    if _is_a(function, MethodType):
        function = function.__func__
    if _is_a(function, FunctionType):
        return "__signature__" not in vars(function) and "__text_signature__" not in vars(function)
    if _is_a(function, type):
        return _is_plain_class(function)
    call = _own_call(function)
    return call is not None and _is_plain(call)


def _is_a(value: Any, kind: type) -> bool:
    """As `isinstance`, which asks the value itself too."""
    return issubclass(type(value), kind)


def _is_partial(function: Any) -> bool:
    """Whether a call is one of what the partial holds: a subclass may do something else."""
    own = inspect.getattr_static(functools.partial, "__call__")
    return _is_a(function, functools.partial) and (
        inspect.getattr_static(type(function), "__call__") is own
    )


def _own_call(function: Any) -> FunctionType | None:
    """The code of `__call__` of an instance; None if it is not certain, or not an instance."""
    if _is_partial(function) or _is_a(function, MethodType) or _is_a(function, FunctionType):
        return None
    if _is_a(function, type) or inspect.getattr_static(function, "__signature__", None) is not None:
        return None
    call = inspect.getattr_static(type(function), "__call__", None)
    return call if isinstance(call, FunctionType) else None


def _is_plain_class(cls: type) -> bool:
    """Whether Python code, or no code at all, defines the arguments of the class."""
    if type(cls).__call__ is not type.__call__ or hasattr(cls, "__signature__"):
        return False
    new, init = inspect.getattr_static(cls, "__new__"), inspect.getattr_static(cls, "__init__")
    new = new.__func__ if isinstance(new, staticmethod) else new
    own = [one for one in (new, init) if one not in (object.__new__, object.__init__)]
    return all(isinstance(one, FunctionType) and _is_plain(one) for one in own)


def wrong_arguments(signature: inspect.Signature, inputs: Sequence[str]) -> str | None:
    """Why a call with one argument for each input fails, in words; None if it works."""
    try:
        signature.bind(*inputs)
        return None
    except TypeError:
        pass
    parameters = list(signature.parameters.values())
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    given = _inputs(inputs)
    takes_any = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    if len(inputs) > len(positional) and not takes_any:
        return f"it takes {_arguments(positional)}, and the task has {given}"
    missing = [p.name for p in positional[len(inputs) :] if p.default is p.empty]
    if missing:
        return (
            f"it takes {_arguments(positional)}, and the task has {given}: "
            f"nothing is given for {', '.join(missing)}"
        )
    named = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
    if not named:
        return f"it cannot be called with {given}"
    return (
        f"{', '.join(named)} can be given by name only, and inputs are given by their order: "
        "remove the `*` before it, or give it a default"
    )


def _inputs(names: Sequence[str]) -> str:
    if not names:
        return "no inputs"
    return f"{'1 input' if len(names) == 1 else f'{len(names)} inputs'} ({', '.join(names)})"


def _arguments(positional: Sequence[inspect.Parameter]) -> str:
    if not positional:
        return "no arguments"
    needed = sum(p.default is p.empty for p in positional)
    most = len(positional)
    number = str(most) if needed == most else f"{needed} to {most}"
    names = [p.name for p in positional[:_LONGEST_LIST]]
    more = ["..."] if most > _LONGEST_LIST else []
    return f"{number} argument{'' if most == 1 else 's'} ({', '.join([*names, *more])})"


def swapped_inputs(signature: inspect.Signature, inputs: Sequence[str]) -> list[str]:
    """The inputs that have the names of each other's arguments, in their order; mostly none."""
    names = [
        p.name
        for p in signature.parameters.values()
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    pairs = [(i, n) for i, n in zip(inputs, names, strict=False) if i != n]
    misplaced = [i for i, _ in pairs if i in names[: len(inputs)]]
    wanted = [n for _, n in pairs if n in inputs]
    return misplaced if len(misplaced) > 1 and sorted(misplaced) == sorted(wanted) else []


def annotated_results(function: Any) -> tuple[int, str] | None:
    """How many results the annotation promises, and its text; None if they are uncountable.

    0: one result that cannot be split. The annotation of a decorated function counts nothing.
    """
    try:
        return _annotated_results(function)
    except Exception:  # of the user's objects
        return None


def _annotated_results(function: Any) -> tuple[int, str] | None:
    while _is_partial(function):
        function = function.func
    if _is_a(function, MethodType):
        function = function.__func__
    if not _is_a(function, FunctionType) or hasattr(function, "__wrapped__"):
        return None
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        return None
    told = function.__annotations__.get("return", inspect.Signature.empty)
    number = _counted_text(told) if isinstance(told, str) else _counted(told)
    if number is None:
        return None
    return number, told if isinstance(told, str) else inspect.formatannotation(told)


def _counted(annotation: Any) -> int | None:
    if any(annotation is kind for kind in _SINGLE.values()):
        return 0
    parts = get_args(annotation)
    if get_origin(annotation) is not tuple or any(part is Ellipsis for part in parts):
        return None
    if any(get_origin(part) is not None and _is_unpacked(part) for part in parts):
        return None
    return len(parts) or None


def _is_unpacked(part: Any) -> bool:
    return str(part).startswith(("*", "typing.Unpack", "typing_extensions.Unpack"))


def _counted_text(text: str) -> int | None:
    """The same for an annotation that is a text. It is parsed, but never evaluated."""
    if text in _SINGLE:
        return 0
    try:
        found = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return None
    if not isinstance(found, ast.Subscript) or ast.unparse(found.value) not in _TUPLES:
        return None
    parts = found.slice.elts if isinstance(found.slice, ast.Tuple) else [found.slice]
    odd = any(
        isinstance(part, ast.Starred)
        or (isinstance(part, ast.Constant) and part.value is Ellipsis)
        or "Unpack" in ast.unparse(part)
        for part in parts
    )
    return None if odd else len(parts) or None

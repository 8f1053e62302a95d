"""Recognise a notebook cell that runs again and makes the same configuration again."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import FunctionType
from typing import Any


def in_notebook() -> bool:
    """Whether a kernel of IPython runs this process."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return hasattr(shell, "kernel")


def is_same(one: Any, other: Any) -> bool:
    """Whether two values of a configuration mean the same.

    A cell that runs again makes its functions again: they are the same if their code, their default
    values and the variables that they enclose are.
    """
    if one is other:
        return True
    if isinstance(one, FunctionType) and isinstance(other, FunctionType):
        return (
            one.__code__ == other.__code__
            and is_same(one.__defaults__, other.__defaults__)
            and is_same(one.__kwdefaults__, other.__kwdefaults__)
            and is_same(_enclosed(one), _enclosed(other))
        )
    if type(one) is not type(other):
        return False
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(is_same(one[k], other[k]) for k in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(is_same, one, other))
    try:
        return bool(one == other)
    except Exception:  # such as a table, which compares element by element
        return False


def _enclosed(function: FunctionType) -> tuple[Any, ...]:
    return tuple(cell.cell_contents for cell in function.__closure__ or ())

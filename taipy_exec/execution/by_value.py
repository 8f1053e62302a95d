"""Pickling for another process of the same machine: what cannot be imported there goes whole.

Functions and classes of the user's script, of a notebook, and those made inside a function have
no module that another process could import. They travel by value (dill), all in one piece so
that they go on sharing classes and globals; everything else goes by plain pickle, which is
faster by an order of magnitude.
"""

from __future__ import annotations

import enum
import io
import pickle
import types
from collections.abc import Mapping
from typing import Any

import dill

from taipy_exec.config.vocabulary import MAIN_NAMES


def dump(value: Any) -> bytes:
    """Pickle `value`. Raises what pickle and dill raise."""
    body = io.BytesIO()
    pickler = _Pickler(body, protocol=5)
    pickler.dump(value)
    whole = io.BytesIO()
    _WholePickler(whole, protocol=5, recurse=True).dump(pickler.whole)
    return pickle.dumps((whole.getvalue(), body.getvalue()), protocol=5)


def load(data: bytes) -> tuple[Any, list[Any]]:
    """The value that `dump` pickled, and the functions and classes in it that came whole.

    Only for data of our own coordinator.
    """
    whole, body = pickle.loads(data)
    came_whole = dill.loads(whole)
    return _Unpickler(io.BytesIO(body), came_whole).load(), came_whole


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, protocol: int) -> None:
        super().__init__(file, protocol)
        self.whole: list[Any] = []
        self._places: dict[int, int] = {}

    def persistent_id(self, obj: Any) -> int | None:
        if not isinstance(obj, types.FunctionType | type) or not _is_homeless(obj):
            return None
        if id(obj) not in self._places:
            self._places[id(obj)] = len(self.whole)
            self.whole.append(obj)
        return self._places[id(obj)]


class _WholePickler(dill.Pickler):  # type: ignore[misc]
    """dill, with enums that have no home: dill itself cannot take a class apart whose members
    are instances of it."""

    dispatch = dill.Pickler.dispatch.copy()

    def _save_enum(self, cls: enum.EnumMeta) -> None:
        if not _is_homeless(cls):
            self.save_global(cls)
            return
        found: Mapping[str, Any] = cls.__members__
        members = [(name, member.value) for name, member in found.items()]
        made = (type(cls), cls.__name__, cls.__bases__, members, cls.__module__, cls.__qualname__)
        extras = {
            name: value
            for name, value in vars(cls).items()
            if isinstance(value, types.FunctionType | property | classmethod | staticmethod)
            and not (name.startswith("_") and name.endswith("_"))
        }
        self.save_reduce(_make_enum, made, extras, None, None, _add_extras, obj=cls)

    dispatch[enum.EnumMeta] = _save_enum


def _make_enum(
    kind: Any, name: str, bases: tuple[type, ...], members: Any, module: str, qualname: str
) -> Any:
    space = kind.__prepare__(name, bases)
    space["__module__"], space["__qualname__"] = module, qualname
    for member, value in members:
        space[member] = value
    return kind(name, bases, space)


def _add_extras(cls: Any, extras: dict[str, Any]) -> None:
    for name, value in extras.items():
        setattr(cls, name, value)


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, whole: list[Any]) -> None:
        super().__init__(file)
        self._whole = whole

    def persistent_load(self, pid: int) -> Any:
        return self._whole[pid]


def _is_homeless(obj: types.FunctionType | type) -> bool:
    """Whether no module has it under its name: the script's own, nested ones, lambdas."""
    return obj.__module__ == MAIN_NAMES[0] or "<" in obj.__qualname__

"""Pickling for another process of the same machine: what cannot be imported there goes whole.

Functions and classes of the user's script, of a notebook, and those made inside a function have
no module that another process could import. They travel by value (dill), all in one piece so
that they go on sharing classes and globals; everything else goes by plain pickle, which is
faster by an order of magnitude.
"""

from __future__ import annotations

import io
import pickle
import types
from typing import Any

import dill

from taipy_exec.config.reference import MAIN_NAMES


def dump(value: Any) -> bytes:
    """Pickle `value`. Raises what pickle and dill raise."""
    body = io.BytesIO()
    pickler = _Pickler(body, protocol=5)
    pickler.dump(value)
    return pickle.dumps((dill.dumps(pickler.whole, recurse=True), body.getvalue()), protocol=5)


def load(data: bytes) -> Any:
    """The value that `dump` pickled. Only for data of our own coordinator."""
    whole, body = pickle.loads(data)
    return _Unpickler(io.BytesIO(body), dill.loads(whole)).load()


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


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, whole: list[Any]) -> None:
        super().__init__(file)
        self._whole = whole

    def persistent_load(self, pid: int) -> Any:
        return self._whole[pid]


def _is_homeless(obj: types.FunctionType | type) -> bool:
    """Whether no module has it under its name: the script's own, nested ones, lambdas."""
    return obj.__module__ == MAIN_NAMES[0] or "<" in obj.__qualname__

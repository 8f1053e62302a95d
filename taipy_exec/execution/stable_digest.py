"""A digest of a value that is equal in every process, or none."""

from __future__ import annotations

import hashlib
import pickle
from functools import partial
from typing import Any

from taipy_exec.execution.limits import JobTimeout

# Without a memo a value with many references to one object gets long. Then the memo is used.
_LONGEST = 4 * 2**20


def stable_digest(value: Any) -> str:
    """Equal for equal values, in all processes. Empty if the value has no stable form.

    The order of a dict counts, since a function may depend on it. The order of a set does not: it
    is another one in each process. A value that cannot be pickled has no stable form.
    """
    try:
        try:
            # With a memo the digest would depend on which equal parts are the same object.
            return _digest(value, _LONGEST, memo=False)
        except (_TooLong, RecursionError, ValueError):  # long, or it refers to itself
            return _digest(value, None, memo=True)
    except JobTimeout:
        raise
    except Exception:
        return ""


def _digest(value: Any, longest: int | None, *, memo: bool) -> str:
    hashing = _Hashing(longest)
    _Pickler(hashing, longest, memo=memo).dump(value)
    return hashing.digest()


class _TooLong(Exception):
    """The pickled value has more bytes than allowed."""


class _Hashing:
    """A file that keeps only the digest of what is written."""

    def __init__(self, longest: int | None) -> None:
        self._longest = longest
        self._size = 0
        self._hash = hashlib.sha256()

    def write(self, data: Any) -> None:
        view = memoryview(data)
        self._size += view.nbytes
        if self._longest is not None and self._size > self._longest:
            raise _TooLong
        self._hash.update(view)

    def digest(self) -> str:
        return self._hash.hexdigest()[:16]


class _Pickler(pickle.Pickler):
    """Writes the members of a set by their digests, in the order of these."""

    def __init__(self, file: _Hashing, longest: int | None, *, memo: bool) -> None:
        super().__init__(file, protocol=5)
        self.fast = not memo
        self._digest = partial(_digest, longest=longest, memo=memo)

    def persistent_id(self, obj: Any) -> Any:
        if not isinstance(obj, set | frozenset):
            return None
        kind = type(obj)
        name = f"{kind.__module__}.{kind.__qualname__}"
        more = self._digest(vars(obj)) if hasattr(obj, "__dict__") else ""
        return (name, sorted(map(self._digest, obj)), more)

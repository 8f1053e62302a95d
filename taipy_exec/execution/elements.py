"""The elements of a list, and the one that the job of a mapped task takes."""

from __future__ import annotations

import stat
from array import array
from collections.abc import Callable, Mapping, Sequence

# Imported by name: a job may replace them.
from pickle import dumps, loads
from typing import Any, NamedTuple

from taipy_exec.config.application import AppConfig, DataNodeConfig
from taipy_exec.config.mapped import PartConfig, elements_node
from taipy_exec.data.node import DataNodeRef, Owner, located
from taipy_exec.execution.failed_attempt import AttemptFailed
from taipy_exec.execution.limits import JobTimeout
from taipy_exec.execution.stable_digest import stable_digest
from taipy_exec.model.job import Failure
from taipy_exec.model.status import Reason

# The most bytes of a list that a process keeps.
_MOST_KEPT = 128 * 2**20

Read = Callable[[DataNodeRef], Any]


def elements_in(node: DataNodeConfig, value: Any) -> Sequence[Any]:
    """The elements of an ordered value. Raises AttemptFailed for a value without an order."""
    if isinstance(value, list | tuple | range):
        return value
    kind = type(value).__name__
    if isinstance(value, Mapping):
        raise not_mapped(node, f"it holds a {kind}: store list(value.items())")
    if hasattr(value, "columns"):
        raise not_mapped(node, f'it holds a {kind}: store value.to_dict("records")')
    is_ordered = hasattr(value, "__len__") and hasattr(value, "__getitem__")
    if isinstance(value, str | bytes | bytearray) or not is_ordered:
        raise not_mapped(node, f"it holds a {kind}, not a list")
    return list(value)


def not_mapped(node: DataNodeConfig, why: str) -> AttemptFailed:
    what = f"map needs a list in data node {node.id!r}: {why}"
    return AttemptFailed(Failure(kind=Reason.READ_INPUT, type="TypeError", message=what))


class Stamp(NamedTuple):
    """A text that changes with a value, and the size of its file. Empty if nothing is known."""

    text: str = ""
    size: int = 0


def stamp_of(node: DataNodeRef) -> Stamp:
    """The stamp of a value in a file, or in memory."""
    if node.config.storage_type == "in_memory":
        return Stamp(f"{node.id} {node.changed_at()}")
    if not node.has_file or node.path is None:
        return Stamp()
    try:
        found = node.path.stat()
    except (OSError, ValueError):
        return Stamp()
    if not stat.S_ISREG(found.st_mode):
        return Stamp()
    text = f"{node.id} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}"
    return Stamp(text, found.st_size)


class _Kept(NamedTuple):
    """The elements of a list, pickled one after the other; `ends` are their ends in `content`."""

    stamp: str
    content: bytes | bytearray = b""
    ends: Sequence[int] = ()

    def element(self, number: int) -> Any:
        start = self.ends[number - 1] if number else 0
        return loads(memoryview(self.content)[start : self.ends[number]])


class Elements:
    """Reads elements. It keeps the list that it read last, if that is in a file.

    The next job in this process mostly wants an element of the same list. Each gets its own copy.
    """

    def __init__(self, app: AppConfig, read: Read) -> None:
        self._app = app
        self._read = read
        self._seen = ""
        self._kept = _Kept("")

    def take(self, node: DataNodeRef, task: PartConfig, owner: Owner, digest: str) -> Any:
        """The element of the job. `digest`: that of the element that the split counted, if known.

        Raises AttemptFailed if it is not there any more, or if it is another one now.
        """
        number = task.element
        assert number is not None
        stamp = stamp_of(node)
        kept = self._kept
        if digest and stamp.text == kept.stamp and number < len(kept.ends):
            element = kept.element(number)
            if stable_digest(element) == digest:
                return element
        elements = elements_in(node.config, self._read(node))
        if number >= len(elements):
            raise _changed(node.config, f"element {number} is gone")
        if digest:
            after = stamp_of(node)
            if stable_digest(elements[number]) != digest and not self._is_as_counted(
                task, owner, digest, after
            ):
                raise _changed(node.config, f"element {number} is another one")
            self._keep(stamp if stamp == after else Stamp(), elements)
        return elements[number]

    def _keep(self, stamp: Stamp, elements: Sequence[Any]) -> None:
        """Keep a list when it is read for the second time: many processes run one job only."""
        if stamp.size and stamp.text == self._seen != self._kept.stamp:
            self._kept = _kept(stamp, elements)
        self._seen = stamp.text

    def _is_as_counted(self, task: PartConfig, owner: Owner, digest: str, stamp: Stamp) -> bool:
        """Whether the split counted the list as it is now.

        Then the digest of this element differs from process to process: some classes cause that.
        """
        found = self._read(located(self._app, elements_node(task.whole), owner))
        assert task.element is not None
        is_same = stamp.text != "" and found.get("stamp") == stamp.text
        return is_same and found["digests"][task.element] == digest


def _kept(stamp: Stamp, elements: Sequence[Any]) -> _Kept:
    """The list as it is kept: only its stamp if it is too large, or cannot be pickled."""
    content, ends = bytearray(), array("Q")
    if stamp.size > _MOST_KEPT:
        return _Kept(stamp.text)
    try:
        for element in elements:
            content += dumps(element, protocol=5)
            ends.append(len(content))
            if len(content) > _MOST_KEPT:
                return _Kept(stamp.text)
    except JobTimeout:
        raise
    except Exception:
        return _Kept(stamp.text)
    return _Kept(stamp.text, content, ends)


def _changed(node: DataNodeConfig, what: str) -> AttemptFailed:
    return not_mapped(node, f"{what}: the list changed since the split")

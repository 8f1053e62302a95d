"""Finding what `clean` should remove, and removing it: rows first, then files."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from taipy_exec.config.application import AppConfig
from taipy_exec.errors import StoreError
from taipy_exec.operations.cleaning.choice import Choice, Stored, Wanted, choose
from taipy_exec.operations.cleaning.leftovers import (
    generated_files,
    is_half_written,
    log_folders,
    remove,
    size_of,
    untouched_since,
)
from taipy_exec.operations.cleaning.owner_memory import OwnerMemory
from taipy_exec.store.removals import Going
from taipy_exec.store.rows import Instance
from taipy_exec.store.store import Store

# Without --older-than, logs of submissions that are not stored are removed at this age: a user may
# have moved the database away and be about to put it back.
_UNKNOWN_LOGS_SECONDS = 86400.0
# A file that changed so much later than its last recorded write was changed by hand or from
# another state. The clocks of two machines may differ a little.
_SLACK_SECONDS = 60.0
# So many data nodes are removed at a time, while no other process can write to the state.
_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The things to remove. `nodes` are data nodes whose scenario instance or cycle is gone;
    `unknown_data` counts generated files of data nodes that are not in this state, and
    `changed_data` those that were changed later, by hand or from another state."""

    choice: Choice
    logs: tuple[Path, ...]
    log_bytes: int
    data: tuple[Path, ...]
    data_bytes: int
    nodes: frozenset[str]
    unknown_data: int
    changed_data: int
    locks: tuple[Path, ...]
    contents: tuple[str, ...]

    @property
    def jobs(self) -> int:
        """How many jobs the submissions have."""
        return sum(sum(record.counts.values()) for record in self.choice.submissions)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        parts = (self.choice.submissions, self.choice.instances, self.logs, self.data)
        return not any((*parts, self.locks, self.contents))


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The things that were removed; `failed` has the files that could not be, and why.

    `shrunk_by` is in bytes of the database; `not_shrunk` is the reason why it was not made smaller.
    """

    found: Found
    failed: Mapping[Path, str]
    shrunk_by: int = 0
    not_shrunk: str | None = None


class Cleaning:
    """One clean of the state of an application and, with its configuration, of its data."""

    def __init__(self, store: Store, config: AppConfig | None, wanted: Wanted) -> None:
        self._store = store
        self._config = config
        self._wanted = wanted
        self._now = time.time()
        self._memory = OwnerMemory()

    def find(self) -> Found:
        """Find what can be removed now. Nothing is changed."""
        store, now = self._store, self._now
        # Before the submissions are read: logs of later submissions are not among these.
        folders = log_folders(store.folder)
        stored = self._stored()
        choice = choose(stored, self._wanted, now)
        gone = {record.id for record in choice.submissions}
        known = {record.id for record in stored.submissions}
        age = self._wanted.older_than
        since = now - (_UNKNOWN_LOGS_SECONDS if age is None else age)
        logs = [
            path
            for path in folders
            if path.name in gone or (path.name not in known and untouched_since(path, since))
        ]
        going = {instance.id for instance in choice.instances}
        # Read once: another clean may forget some of these data nodes meanwhile.
        written = store.edit_times()
        nodes = self._orphans((i for i in stored.instances if i.id not in going), written)
        files = self._generated() if self._wanted.data else {}
        orphaned = [(path, written[node]) for node in nodes for path in files.get(node, ())]
        data = [path for path, at in orphaned if _is_as_written(path, at)]
        return Found(
            choice=choice,
            logs=tuple(logs),
            log_bytes=size_of(logs),
            data=tuple(sorted(data)),
            data_bytes=size_of(data),
            nodes=frozenset(nodes) if self._wanted.data else frozenset(),
            unknown_data=sum(len(paths) for node, paths in files.items() if node not in written),
            changed_data=len(orphaned) - len(data),
            locks=tuple(store.stale_locks(now)),
            contents=tuple(store.lost_contents()),
        )

    def carry_out(self, found: Found) -> Done:
        """Remove at most what was found. Raises StoreError if nothing was removed.

        The rows are removed in one transaction. After a kill, the next clean finds files that
        stayed.
        """
        store = self._store
        before = store.size()
        gone: set[str] = set()
        failed: dict[Path, str] = {}
        if not found.is_empty:
            going = store.remove(lambda: self._still(found), found.contents, self._now)
            gone.update(*going)
            known = {record.id for record in store.submissions()}
            failed |= remove(path for path in found.logs if path.name not in known)
            failed |= remove(found.locks)
            failed |= self._remove_data(found)
        why = self._compact()
        choice = found.choice
        removed = replace(
            choice,
            submissions=tuple(record for record in choice.submissions if record.id in gone),
            instances=tuple(instance for instance in choice.instances if instance.id in gone),
        )
        return Done(
            found=replace(found, choice=removed),
            failed=failed,
            shrunk_by=max(before - store.size(), 0),
            not_shrunk=why,
        )

    def _still(self, found: Found) -> Going:
        """The things that may be removed, by the state in the transaction that removes them."""
        shown = {record.id for record in found.choice.submissions}
        shown |= {instance.id for instance in found.choice.instances}
        stored = self._stored()
        choice = choose(stored, self._wanted, self._now)
        going = [record.id for record in choice.submissions if record.id in shown]
        gone = set(going)
        left = {record.instance for record in stored.submissions if record.id not in gone}
        instances = [i.id for i in choice.instances if i.id in shown and i.id not in left]
        return going, instances

    def _remove_data(self, found: Found) -> dict[Path, str]:
        """Remove the files of data nodes without an owner, found again after the rows are gone.

        The record of their writer is removed last: with it the next clean knows that taipy-exec
        wrote them.
        """
        if self._config is None or not self._config.storage_folder.is_dir():
            return {}
        nodes = sorted(found.nodes & self._orphans(self._store.instances()))
        files = self._generated()
        shown = set(found.data)
        failed: dict[Path, str] = {}
        for start in range(0, len(nodes), _AT_ONCE):
            some = {node: files.get(node, []) for node in nodes[start : start + _AT_ONCE]}
            self._store.forget_nodes(partial(self._remove_files, some, shown, failed))
        return failed

    def _remove_files(
        self, files: Mapping[str, Sequence[Path]], shown: set[Path], failed: dict[Path, str]
    ) -> set[str]:
        """Remove files that still have no owner and were not changed; the nodes without a file.

        Within a transaction: a submission that uses this data (of a cycle) comes before or after.
        """
        written = {node: edit.at for node, edit in self._store.last_edits([*files]).items()}
        orphans = files.keys() & self._orphans(self._store.instances(), written)
        paths = {path: node for node in orphans for path in files[node] if path in shown}
        failed |= remove(
            path for path, node in paths.items() if _is_as_written(path, written[node])
        )
        return {
            node
            for node in orphans
            if not any(path.exists() or path.is_symlink() for path in files[node])
        }

    def _compact(self) -> str | None:
        """Shrink the database if that is worth it; the reason if it was not shrunk."""
        store = self._store
        try:
            if not store.wastes_room():
                return None
            if store.unfinished_submissions() and store.has_coordinators():
                return "a submission is running"
            store.compact()
        except StoreError as error:
            return error.message
        return None

    def _stored(self) -> Stored:
        store = self._store
        submissions, instances = store.submissions(), store.instances()
        alive = {name for name in {r.coordinator for r in submissions} if store.is_alive(name)}
        in_use = {r.instance for r in submissions if r.coordinator in alive}
        if store.has_coordinators():
            # A running script may have made them, and submit them later.
            in_use |= {i.id for i in instances} - {r.instance for r in submissions}
        times = store.edit_times()
        edited: dict[str, float] = {}
        for node, owner in self._memory.of(times, _owners(instances)).items():
            edited[owner] = max(edited.get(owner, 0.0), times[node])
        return Stored(
            submissions=submissions,
            instances=instances,
            edited=edited,
            in_use=frozenset(in_use),
        )

    def _orphans(
        self, instances: Iterable[Instance], written: Mapping[str, float] | None = None
    ) -> set[str]:
        """The data nodes that were written here and belong to none of these instances or their
        cycles, and are not shared by all."""
        nodes = self._store.edit_times() if written is None else written
        return nodes.keys() - self._memory.of(nodes, _owners(instances)).keys()

    def _generated(self) -> dict[str, list[Path]]:
        assert self._config is not None
        root = self._config.root
        given = {root / n.path for n in self._config.data_nodes.values() if n.path}
        # A path with `*` at its end means the files of its folder.
        own = {path.parent if path.name.endswith("*") else path for path in given}
        own |= {path.resolve() for path in own}
        return generated_files(self._config.storage_folder, own)


def _is_as_written(path: Path, at: float) -> bool:
    """Whether a file was not changed since its last write, at `at`, was recorded."""
    return is_half_written(path) or untouched_since(path, at + _SLACK_SECONDS)


def _owners(instances: Iterable[Instance]) -> set[str]:
    """The owners whose data must stay: instances, their cycles, and None (shared by all)."""
    return {"", *itertools.chain.from_iterable((i.id, i.cycle) for i in instances)}

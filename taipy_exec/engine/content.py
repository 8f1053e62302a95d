"""`cache = "content"`: a task is up to date while the sources of its outputs are the same."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from taipy_exec.config.application import AppConfig, DataNodeConfig, TaskConfig
from taipy_exec.config.reference import ClassRef, FunctionRef
from taipy_exec.config.secrets import is_secret, masked
from taipy_exec.config.vocabulary import RUN_PROPERTIES, SHOWN_PROPERTIES
from taipy_exec.data.files import files_of
from taipy_exec.data.node import DataNodeRef
from taipy_exec.engine.freshness import Freshness
from taipy_exec.execution.source import Sources
from taipy_exec.store.rows import Content, Edit
from taipy_exec.store.store import Store

# Times of files are coarse, on some file systems as coarse as this. A file that changed less than
# so many seconds ago may change again and keep its time.
_SETTLED_SECONDS = 2.0
# Properties of data nodes that affect neither the value nor how it is read.
_NOT_OF_THE_VALUE = ("default_data", "default_path", "path", *SHOWN_PROPERTIES)


def make_freshness(store: Store, app: AppConfig) -> Freshness:
    """The rule that the configuration chooses."""
    return ContentFreshness(store, app) if app.job.cache == "content" else Freshness(store)


class ContentFreshness(Freshness):
    """The rule by content: that of the inputs, the function's source and the task's properties."""

    def __init__(self, store: Store, app: AppConfig) -> None:
        super().__init__(store)
        self._sources = Sources(app.root, app.main_file)
        self._new: dict[str, Content] = {}

    def in_the_future(self, nodes: Iterable[DataNodeRef], now: float) -> list[DataNodeRef]:
        """No data nodes: this rule ignores times."""
        return []

    def take_contents(self) -> list[Content]:
        """The digests of files found since the last call, to be stored."""
        found = list(self._new.values())
        self._new.clear()
        return found

    def why_run(
        self,
        task: TaskConfig,
        inputs: Sequence[DataNodeRef],
        outputs: Sequence[DataNodeRef],
        now: float,
    ) -> str | None:
        """Why the task must run, in words; None if it is up to date.

        A task is up to date if it is skippable and has outputs, and if all outputs hold the value
        that a job of this task wrote. No output may be older than its validity period, and that
        job must have had the same inputs, function and properties.
        """
        why = self._why_not_there(task, outputs, now)
        if why is not None:
            return why
        parts = self._parts(task, inputs)
        for node in outputs:
            edit = self.recorded(node)
            known = json.loads(edit.made_from) if edit and edit.made_from else {}
            if edit is None or "function" not in known:  # recorded under the rule by time
                return f"it is not known what {node.config.id} was made from"
            why = _difference(task, known, parts)
            if why is not None:
                return why
            if self.content(node, edit) != edit.content:
                return f"{node.config.id} was changed after its task wrote it"
        return None

    def note_start(
        self, task: TaskConfig, inputs: Sequence[DataNodeRef]
    ) -> Mapping[str, object] | None:
        return self._parts(task, inputs)

    def note_end(
        self, node: DataNodeRef, edit: Edit, made_from: Mapping[str, object], source: str | None
    ) -> Edit:
        if source is None:
            # Enough for `were_read_as_now`. Without the function no job counts as up to date.
            known = {key: value for key, value in made_from.items() if key != "function"}
            return edit._replace(made_from=json.dumps(known, sort_keys=True))
        ran = json.dumps({**made_from, "function": source}, sort_keys=True)
        return edit._replace(content=self.content(node, edit), made_from=ran)

    def _parts(self, task: TaskConfig, inputs: Sequence[DataNodeRef]) -> dict[str, object]:
        assert task.function_ref is not None
        told = {k: v for k, v in task.properties.items() if k not in RUN_PROPERTIES}
        return {
            "function": self._sources.digest(task.function_ref),
            "properties": self._digest(told),
            "order": [list(task.input_ids), list(task.output_ids)],
            **self._as_recorded(inputs),
            "nodes": {n.id: self._settings(n) for n in (*task.inputs, *task.outputs)},
        }

    def _as_recorded(self, inputs: Sequence[DataNodeRef]) -> dict[str, object]:
        found = {node.config.id: self.content(node, self.recorded(node)) for node in inputs}
        return {"inputs": found}

    def _settings(self, config: DataNodeConfig) -> str:
        """Equal as long as a value is read and written in the same way, and at the same place.

        The path of a file does not count, since its content does. Secrets do not count either.
        """
        told = {
            key: value
            for key, value in config.properties.items()
            if key not in _NOT_OF_THE_VALUE and not is_secret(key)
        }
        return self._digest([config.storage_type, masked(told)])

    def _digest(self, value: object) -> str:
        def text(part: object) -> str:
            if isinstance(part, FunctionRef | ClassRef):
                return f"{part.path} {self._sources.digest(part)}"
            return str(part)

        found = json.dumps(value, sort_keys=True, default=text)
        return hashlib.sha256(found.encode()).hexdigest()[:16]

    # -- contents -------------------------------------------------------------------------

    def content(self, node: DataNodeRef, edit: Edit | None) -> str | None:
        """Equal as long as the content is equal; None without a value.

        The content of a data node without a file is not read. Such a data node counts as changed
        when a write is recorded.
        """
        if not node.has_file or node.path is None:
            return None if node.changed_at() is None else f"written {edit.at if edit else None!r}"
        if node.path.is_file():
            return self._of_file(node.path)
        files = files_of(node.path)
        if not files:
            return None
        parts = [f"{path.relative_to(node.path.parent)} {self._of_file(path)}" for path in files]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def _of_file(self, path: Path) -> str | None:
        name = str(path)
        try:
            stamp, is_settled = _stamp(path)
            known = self._new.get(name) or self._store.content(name)
            if known is not None and known.stamp == stamp:
                return known.digest
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            if is_settled and _stamp(path)[0] == stamp:
                self._new[name] = Content(name, stamp, digest)
        except OSError:
            return None
        return digest


def _difference(task: TaskConfig, was: dict[str, object], now: dict[str, object]) -> str | None:
    """The first difference between `was` and `now`, in words; None if there is none."""
    if was.get("function") != now["function"]:
        assert task.function_ref is not None
        return f"the function {task.function_ref.path} changed"
    if was.get("properties") != now["properties"]:
        return "the properties of the task changed"
    if was.get("order") != now["order"]:
        return "the inputs or outputs of the task changed"
    for part, words in (("nodes", "the properties of {} changed"), ("inputs", "{} changed")):
        before, after = was.get(part), now[part]
        assert isinstance(after, dict)
        for name in after:
            if not isinstance(before, dict) or before.get(name) != after[name]:
                return words.format(name)
    return None


def _stamp(path: Path) -> tuple[str, bool]:
    """A text that changes with the file, and whether the file is old enough to rely on it."""
    found = path.stat()
    stamp = f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}"
    return stamp, time.time() - max(found.st_mtime, found.st_ctime) > _SETTLED_SECONDS

"""Values that were given with a submission: stored with it, and written before its first job.

If the process dies in between, the values are still in the store. The process that resumes the
submission writes them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from taipy_exec.data.node import DataNodeRef
from taipy_exec.engine.admission import supersede
from taipy_exec.engine.instances import read_node, write_node
from taipy_exec.engine.plan import SubmissionPlan
from taipy_exec.engine.sweep import same_value
from taipy_exec.errors import TaipyExecError
from taipy_exec.execution.stable_digest import stable_digest
from taipy_exec.model.status import Reason
from taipy_exec.store.rows import Edit
from taipy_exec.store.store import Store

# A property of a submission until the values are written: data node -> value, as JSON.
GIVEN = "given"


def with_given(values: Mapping[str, Any]) -> dict[str, object]:
    """The properties that keep these values with a submission."""
    return {GIVEN: json.dumps(values)} if values else {}


def changed_defaults(store: Store, plan: SubmissionPlan) -> list[tuple[DataNodeRef, Edit]]:
    """The inputs whose value is not their `default_data`, each with its last write."""
    nodes = [n for n in plan.input_nodes() if n.config.properties.get("default_data") is not None]
    edits = store.last_edits([node.id for node in nodes]) if nodes else {}
    # Only a write of default data has a digest.
    return [(n, edits[n.id]) for n in nodes if n.id in edits and edits[n.id].digest is None]


def due_values(nodes: Mapping[str, DataNodeRef], values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the values that their data nodes do not hold yet: what is the same stays as old."""
    return {name: value for name, value in values.items() if not _holds(nodes[name], value)}


def _holds(node: DataNodeRef, value: Any) -> bool:
    if node.changed_at() is None:
        return False
    try:
        return same_value(read_node(node), value)
    except TaipyExecError:
        return False  # it is about to be written again


def is_json(value: Any) -> bool:
    """Whether `with_given` can keep the value: it is the same one after its way through JSON."""
    digest = stable_digest(value)
    try:
        return digest != "" and stable_digest(json.loads(json.dumps(value))) == digest
    except (TypeError, ValueError, RecursionError):
        return False


def write_given(
    store: Store,
    plan: SubmissionPlan,
    identity: str,
    *,
    editor: str | None = "taipy-exec",
    comment: str | None = "submit --set",
) -> list[Edit]:
    """Write the given values that are not written yet. Returns the writes, which are stored.

    Call it after the submission was admitted, before any job reads the data. If it fails, the
    submission is canceled. Raises DataError.
    """
    record = plan.record
    found = record.properties.get(GIVEN)
    if found is None:
        return []
    edits = []
    try:
        for name, value in json.loads(str(found)).items():
            node = plan.nodes[name]
            write_node(node, value)
            edits.append(Edit(node=node.id, at=time.time(), editor=editor, comment=comment))
    except TaipyExecError:
        # No job of this submission was given to a worker yet.
        supersede(store, record, identity, lambda *_: None, Reason.CANCELED)
        raise
    record.properties = {k: v for k, v in record.properties.items() if k != GIVEN}
    store.add_edits(edits, of=record)
    return edits

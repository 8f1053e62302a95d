"""The report for programs: the shape of `status SUBMISSION --json` with more keys."""

from __future__ import annotations

from typing import Any

from taipy_exec.views.json_objects import dump, job_fields, when, whole_submission_fields
from taipy_exec.views.report.content import JobStory, Report
from taipy_exec.views.report.lineage import Lineage
from taipy_exec.views.report.preview import Preview


def json_report(report: Report) -> str:
    """One object of the schema `taipy-exec/1`."""
    graph = report.graph
    fields: dict[str, object] = {
        "made_at": when(report.made_at),
        "submission": whole_submission_fields(report.record),
        "jobs": [_job(story) for story in report.stories],
        "graph": None
        if graph is None
        else [
            {
                "task": task.id,
                "inputs": task.inputs,
                "outputs": task.outputs,
                "after": graph.predecessors[task.id],
            }
            for task in graph.tasks
        ],
        "data_nodes": [
            {**_node(node), "value": _value(report.previews.get(node.node))}
            for node in report.lineage
        ],
        "notes": report.notes,
    }
    return dump(fields)


def _job(story: JobStory) -> dict[str, Any]:
    return {
        **job_fields(story.job),
        "pending_at": when(story.job.pending_at),
        "waited": None if story.waited is None else round(story.waited, 6),
        "log": story.log.text,
        "log_left_out": story.log.left_out,
    }


def _value(preview: Preview | None) -> dict[str, Any] | None:
    """The first part of a value, as text; the description of a picture."""
    if preview is None:
        return None
    fields: dict[str, Any] = {"kind": preview.kind, "text": preview.text or None}
    if preview.kind == "table":
        fields |= {"columns": preview.columns, "rows": preview.rows}
    return {**fields, "note": preview.note or None}


def _node(node: Lineage) -> dict[str, Any]:
    return {
        "node": node.node,
        "storage_type": node.storage_type,
        "scope": node.scope,
        "place": node.place,
        "written_by_tasks": node.writers,
        "read_by_tasks": node.readers,
        "written_at": when(node.written_at),
        "written_by": node.written_by,
        "comment": node.comment,
        "changed_since": when(node.changed_since),
    }

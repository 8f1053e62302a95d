"""The table of jobs on the page of a run in GitHub Actions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from taipy_exec.model.job import JobRecord, SubmissionRecord
from taipy_exec.model.status import DONE, Status
from taipy_exec.views.words import GLYPHS, counts_text, duration, reason_text, several, shortened
from taipy_exec.visible_text import visible

_SHOWN_JOBS = 100
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|~@<>&-])")


def write_summary(
    file: Path, record: SubmissionRecord, jobs: Sequence[JobRecord], where: str
) -> None:
    """Append a table of the jobs in Markdown. Raises OSError."""
    with file.open("a", encoding="utf-8") as summary:
        summary.write(_summary(record, jobs, where))


def _summary(record: SubmissionRecord, jobs: Sequence[JobRecord], where: str) -> str:
    total = several(len(jobs), "job")
    took = ""
    if record.finished_at is not None:
        took = f" in {duration(max(record.finished_at - record.created_at, 0.0))}"
    lines = [
        f"### {_markdown(record.scenario)}: {record.status.name}",
        "",
        f"{total} ({counts_text(record.counts)}){took}, {_markdown(record.mode)}, "
        f"`{record.short_id}`",
        "",
        "| Task | Status | Time | Attempt | Reason |",
        "|---|---|--:|--:|---|",
    ]
    shown = list(jobs)
    if len(jobs) > _SHOWN_JOBS:
        shown = [job for job in jobs if job.status not in DONE][:_SHOWN_JOBS]
    for job in shown:
        cells = (
            _markdown(job.task),
            f"{GLYPHS[job.status][0]} {job.status.name}",
            duration(job.duration),
            str(job.attempt),
            _markdown(shortened(reason_text(job))),
        )
        lines.append(f"| {' | '.join(cells)} |")
    if len(shown) < len(jobs):
        lines += ["", f"{len(jobs) - len(shown)} more jobs are not shown."]
    if any(job.status is Status.FAILED for job in jobs):
        command = f"taipy-exec retry {record.short_id}{where}"
        lines += ["", "Retry everything that did not complete:", "", "```sh", command, "```"]
    return "\n".join(lines) + "\n\n"


def _markdown(text: str) -> str:
    """`text` as it is: without mark-up and without mentions of users, on one line."""
    return _MARKDOWN.sub(r"\\\1", visible(" ".join(text.split()))).replace("\\@", "&#64;")

"""The report in the JUnit form that CI systems read: a test case for each job."""

from __future__ import annotations

import datetime as dt
import xml.etree.ElementTree as ElementTree
from collections import Counter

from taipy_exec.model.job import JobRecord
from taipy_exec.model.status import Reason, Status
from taipy_exec.views.report.content import JobStory, Report
from taipy_exec.views.words import reason_text, shortened
from taipy_exec.visible_text import one_line, readable, uncoloured

# A problem of the job's own code or data is a failure; any other one is an error.
_FAILURES = frozenset(
    {Reason.RAISED, Reason.READ_INPUT, Reason.WRITE_OUTPUT, Reason.WRONG_RESULT_COUNT}
)


def junit_report(report: Report) -> str:
    """A `<testsuites>` with one suite. A job that did not run, or not yet, is a skipped case."""
    record = report.record
    verdicts = [_verdict(story.job) for story in report.stories]
    counts = Counter(verdicts)
    numbers = {
        "tests": str(len(verdicts)),
        "failures": str(counts["failure"]),
        "errors": str(counts["error"]),
        "skipped": str(counts["skipped"]),
        "time": f"{report.seconds:.3f}",
    }
    root = ElementTree.Element("testsuites", {"name": "taipy-exec", **numbers})
    created = dt.datetime.fromtimestamp(record.created_at, dt.UTC)
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        {
            "name": one_line(record.scenario),
            "id": "0",
            "timestamp": created.strftime("%Y-%m-%dT%H:%M:%S"),
            **numbers,
        },
    )
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in (
        ("submission", record.id),
        ("status", record.status.name),
        ("mode", record.mode),
        ("name", record.name),
        ("target", record.target),
    ):
        ElementTree.SubElement(properties, "property", {"name": name, "value": one_line(value)})
    for story, verdict in zip(report.stories, verdicts, strict=True):
        suite.append(_case(report, story, verdict))
    ElementTree.indent(root, " ")
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _verdict(job: JobRecord) -> str:
    if job.status is Status.COMPLETED:
        return "passed"
    if job.status is not Status.FAILED:
        return "skipped"
    kind = job.failure.kind if job.failure else job.reason
    return "failure" if kind in _FAILURES else "error"


def _case(report: Report, story: JobStory, verdict: str) -> ElementTree.Element:
    job = story.job
    case = ElementTree.Element(
        "testcase",
        {
            "classname": one_line(report.record.scenario),
            "name": one_line(job.task),
            "time": f"{story.ran or 0.0:.3f}",
        },
    )
    reason = shortened(one_line(reason_text(job)))
    if verdict == "skipped":
        message = f"{job.status.name}: {reason}" if reason else job.status.name
        ElementTree.SubElement(case, "skipped", {"message": message})
    elif verdict != "passed":
        failure = job.failure
        kind = one_line((failure.type or failure.kind) if failure else (job.reason or ""))
        told = ElementTree.SubElement(case, verdict, {"message": reason or kind, "type": kind})
        if failure:
            told.text = uncoloured(failure.traceback or failure.message)
    if story.log.text:
        left_out = story.log.left_out
        head = f"[the first {left_out} bytes are left out]\n" if left_out else ""
        ElementTree.SubElement(case, "system-out").text = head + readable(story.log.text)
    return case

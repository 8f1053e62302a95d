"""The types of message fields: each has a form, a range or a length.

The limits are generous: no field that taipy-exec sends comes near them. Any value within the limits
can be stored, counted and shown, even if a foreign program sent it.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from taipy_exec.model.job import Failure
from taipy_exec.protocol.order import VERSION, JobReport

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# The name of an application's file in failures. It is only shown: no file is opened by it.
FILE_NAME = r"\w[\w.-]*(?:/\w[\w.-]*)*"
_FILE = rf"[0-9a-f-]{{8}} {FILE_NAME}"

# A task, or a part of a mapped one: see `config.mapped`.
_TASK = r"\w+(\.(split|\d{1,7}))?"
JobId = Annotated[str, Meta(pattern=rf"\AJOB_{_TASK}_{_UUID}\Z", max_length=1000)]
SubmissionId = Annotated[str, Meta(pattern=rf"\ASUBMISSION_{_UUID}\Z")]
InstanceId = Annotated[str, Meta(pattern=rf"\ASCENARIO_\w+_{_UUID}\Z", max_length=1000)]
CycleId = Annotated[str, Meta(pattern=r"\A(CYCLE_[A-Z]+_\d{4}-\d\d-\d\d)?\Z", max_length=100)]
TaskId = Annotated[str, Meta(pattern=rf"\A{_TASK}\Z", max_length=1000)]
EntityId = Annotated[str, Meta(pattern=rf"\A(TASK_\w+_{_UUID})?\Z", max_length=1000)]
Hex = Annotated[str, Meta(pattern=r"\A[0-9a-f]*\Z", max_length=200)]
Digest = Annotated[str, Meta(pattern=r"\A([0-9a-f]{16})?\Z")]
FileList = Annotated[str, Meta(pattern=rf"\A({_FILE}(\n{_FILE})*)?\Z", max_length=20_000)]
RunId = Annotated[str, Meta(pattern=r"\A[\w.:-]*\Z", max_length=1000)]
WorkerId = Annotated[str, Meta(pattern=r"\A[0-9a-f]+\Z", max_length=200)]
Word = Annotated[str, Meta(pattern=r"\A\w+\Z", max_length=100)]
Name = Annotated[str, Meta(max_length=1000)]
Sentence = Annotated[str, Meta(max_length=20_000)]
Text = Annotated[str, Meta(max_length=200_000)]
Output = Annotated[str, Meta(max_length=1_000_000)]

Attempt = Annotated[int, Meta(ge=1, le=2**31)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
# A duration in seconds, and a time in seconds since the epoch.
Seconds = Annotated[float, Meta(ge=0, le=1e10)]
Time = Annotated[float, Meta(ge=0, le=1e12)]


class _FailureFields(msgspec.Struct, forbid_unknown_fields=True):
    kind: Word
    message: Sentence
    type: Name | None = None
    traceback: Text | None = None


class Report(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """The object that `JobReport.as_json` returns.

    A field with its default is left out: a former version may not know it, and would refuse it.
    """

    version: Annotated[int, Meta(ge=VERSION, le=VERSION)]
    job: Name
    attempt: Attempt
    finished_at: Time
    duration: Seconds
    failure: _FailureFields | None = None
    leaked: Count = 0
    peak_memory: Count | None = None
    source: Hex | None = None
    final: bool = False
    spoiled: Sentence = ""
    cpu_seconds: Seconds | None = None

    @classmethod
    def of(cls, report: JobReport) -> Report:
        """The report, ready to send. All its fields are within the limits."""
        return msgspec.convert(report.as_json(), cls)

    def as_job_report(self) -> JobReport:
        """The same report as a `JobReport`."""
        fields = msgspec.structs.asdict(self)
        del fields["version"]
        if self.failure is not None:
            fields["failure"] = Failure(**msgspec.structs.asdict(self.failure))
        return JobReport(**fields)


_REPORTS = msgspec.json.Decoder(Report)


def read_report(text: bytes) -> JobReport:
    """A report from the bytes of `JobReport.dump`. Raises ValueError if they are no report."""
    try:
        return _REPORTS.decode(text).as_job_report()
    except RecursionError:
        raise ValueError("it is nested too deeply") from None

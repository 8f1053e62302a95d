"""The submission or job that an argument of a command means: an id, `@2`, a name, the latest."""

from __future__ import annotations

import enum
import re
import shlex
from pathlib import Path

from taipy_exec.errors import NotFoundError
from taipy_exec.model.job import JobRecord, SubmissionRecord
from taipy_exec.model.status import SubmissionStatus
from taipy_exec.store.store import Store

_NUMBER = re.compile(r"@(\d{1,9})")
_FAILED = (SubmissionStatus.FAILED, SubmissionStatus.CANCELED)


class Latest(enum.Enum):
    """Which one is meant if nothing is given; the value is the words for its absence."""

    ANY = "no submission"
    RUNNING = "no running submission"
    RUNNING_OR_ANY = "no submission, running or not"
    FAILED = "no submission that failed or was canceled"


def chosen_submission(store: Store, wanted: str, latest: Latest = Latest.ANY) -> SubmissionRecord:
    """The submission: an id or how it begins, `@2` for the second latest, a scenario's name.

    Without any of these, the `latest` one. Raises NotFoundError.
    """
    number = _NUMBER.fullmatch(wanted)
    if not wanted or number:
        return _numbered(store, int(number[1]) if number else 1, latest if not wanted else None)
    try:
        return store.submission(wanted)
    except NotFoundError as error:
        named = store.submissions(1, scenario=wanted) or store.submissions(1, name=wanted)
        if named:
            return named[0]
        if Path(wanted).exists():
            raise NotFoundError(
                error.message, f"{wanted} is a file or folder: -a {shlex.quote(wanted)}"
            ) from None
        raise


def chosen_job(
    store: Store, wanted: str, latest: Latest = Latest.ANY
) -> tuple[SubmissionRecord, JobRecord | None]:
    """As `chosen_submission`, or one job: by its id, or by its task's name in the latest."""
    if wanted.startswith("JOB_"):
        job = store.find_job(wanted)
        return store.submission(job.submission), job
    try:
        return chosen_submission(store, wanted, latest), None
    except NotFoundError:
        newest = store.submissions(1)
        if not wanted or not newest:
            raise
        jobs = [job for job in store.jobs(newest[0].id) if job.task == wanted]
        if not jobs:
            raise
        return newest[0], jobs[0]


def _numbered(store: Store, number: int, latest: Latest | None) -> SubmissionRecord:
    found: list[SubmissionRecord] = []
    if latest in (Latest.RUNNING, Latest.RUNNING_OR_ANY):
        found = store.unfinished_submissions()[-1:]
    elif latest is Latest.FAILED:
        found = [record for record in store.submissions(100) if record.status in _FAILED][:1]
    if latest in (None, Latest.ANY, Latest.RUNNING_OR_ANY) and not found:
        found = store.submissions(number)[number - 1 :] if number else []
    if not found:
        what = (latest or Latest.ANY).value if latest else f"no submission @{number}"
        raise NotFoundError(f"there is {what}", f"taipy-exec status{store.where} lists them")
    return found[0]

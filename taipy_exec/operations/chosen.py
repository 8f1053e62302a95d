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
_WORDS = ("latest", "last", "@-1")
_LOOKED_AT_FIRST = 20
_FAILED = (SubmissionStatus.FAILED, SubmissionStatus.CANCELED)


class Latest(enum.Enum):
    """Which one is meant if nothing is given; the value is the words for its absence."""

    ANY = "no submission"
    RUNNING = "no running submission"
    RUNNING_OR_ANY = "no submission, running or not"
    FAILED = "no submission that failed or was canceled, apart from those that were retried"


def chosen_submission(store: Store, wanted: str, latest: Latest = Latest.ANY) -> SubmissionRecord:
    """The submission: an id or how it begins, `@2` for the second latest, `latest`, a name.

    Without any of these, the `latest` one. Raises NotFoundError.
    """
    number = _NUMBER.fullmatch(wanted)
    if wanted in _WORDS and not _named(store, wanted):
        return _numbered(store, 1, None)
    if not wanted or number:
        return _numbered(store, int(number[1]) if number else 1, latest if not wanted else None)
    try:
        return store.submission(wanted)
    except NotFoundError as error:
        named = _named(store, wanted)
        if named:
            return named[0]
        if Path(wanted).exists():
            raise NotFoundError(
                error.message, f"{wanted} is a file or folder: -a {shlex.quote(wanted)}"
            ) from None
        raise


def _named(store: Store, wanted: str) -> list[SubmissionRecord]:
    """The latest submission of a scenario or an instance of this name, if there is one."""
    return store.submissions(1, scenario=wanted) or store.submissions(1, name=wanted)


def chosen_job(
    store: Store, wanted: str, latest: Latest = Latest.ANY
) -> tuple[SubmissionRecord, JobRecord | None]:
    """As `chosen_submission`, or one job: by its id, or by its task's name in the latest."""
    if not wanted.startswith("JOB_"):
        return _named_job(store, wanted, latest)
    try:
        job = store.find_job(wanted)
    except NotFoundError as error:
        try:
            return _named_job(store, wanted, latest)
        except NotFoundError:
            raise error from None
    return store.submission(job.submission), job


def _named_job(
    store: Store, wanted: str, latest: Latest
) -> tuple[SubmissionRecord, JobRecord | None]:
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


def _latest_to_retry(store: Store) -> list[SubmissionRecord]:
    """The latest submission that failed or was canceled, and that no retry completed, if any."""
    seen = 0
    for number in (_LOOKED_AT_FIRST, None):
        records = store.submissions(number, statuses=_FAILED)
        for record in records[seen:]:
            if _is_left(store, record):
                return [record]
        seen = len(records)
    return []


def _is_left(store: Store, record: SubmissionRecord) -> bool:
    from taipy_exec.engine.retries import RETRIES, chain_of, left_of, newest_jobs

    if not store.retried_by(record, RETRIES):
        return True
    chain = chain_of(record, store.submissions_of(record.instance))
    return bool(left_of(newest_jobs(store.jobs(each.id) for each in chain)))


def _numbered(store: Store, number: int, latest: Latest | None) -> SubmissionRecord:
    found: list[SubmissionRecord] = []
    if latest in (Latest.RUNNING, Latest.RUNNING_OR_ANY):
        found = store.unfinished_submissions()[-1:]
    elif latest is Latest.FAILED:
        found = _latest_to_retry(store)
    if latest in (None, Latest.ANY, Latest.RUNNING_OR_ANY) and not found:
        found = store.submissions(number)[number - 1 :] if number else []
    if not found:
        what = (latest or Latest.ANY).value if latest else f"no submission @{number}"
        raise NotFoundError(f"there is {what}", f"taipy-exec status{store.where} lists them")
    return found[0]

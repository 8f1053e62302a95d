"""`[JOB] webhook_url`: posts start, failures and end of a submission as JSON to a server."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import replace
from http.client import HTTPException
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from taipy_exec.config.webhook_address import shown_address
from taipy_exec.engine.plan import SubmissionPlan
from taipy_exec.model.job import JobRecord, SubmissionRecord
from taipy_exec.model.status import Status
from taipy_exec.observers.mailbox import Mailbox
from taipy_exec.observers.once import Once
from taipy_exec.observers.watching import Step
from taipy_exec.version import __version__
from taipy_exec.views.json_objects import SCHEMA, job_fields, submission_fields, when
from taipy_exec.views.words import counts_text, reason_text, shortened
from taipy_exec.visible_text import one_line

_TIMEOUT = 3.0
# Seconds before the second and the third attempt.
_PAUSES = (0.5, 1.0)
_MOST_WAITING = 1_000
# Characters of an error's message, and of the end of its traceback.
_LONGEST = 8_000
_LAST_SECONDS = 5.0
# Answers after which another attempt may help.
_TRY_AGAIN = (408, 425, 429, 500, 502, 503, 504)


class Webhook:
    """Posts in its own thread. `redact` removes secrets from the errors of jobs.

    `tell` gets one sentence when a message cannot be delivered for the first time.
    """

    def __init__(self, url: str, redact: Callable[[str], str], tell: Callable[[str], None]) -> None:
        self._shown = shown_address(url)
        self._url, self._headers = _request_parts(url)
        self._redact = redact
        self._tell = Once(tell)
        self._opener = urllib.request.build_opener(_NoRedirects)
        self._box: Mailbox[dict[str, Any]] = Mailbox(
            "taipy-exec-webhook", self._deliver, most=_MOST_WAITING, seconds=_LAST_SECONDS
        )

    def begun(self, plan: SubmissionPlan) -> None:
        record = plan.record
        text = f"{record.scenario}: started, {len(plan.jobs)} jobs"
        self._box.put(_message("start", record.created_at, text, record))

    def changed(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if step.change.after is Status.FAILED:
                self._box.put(self._failure(step))

    def ended(self, submission: SubmissionRecord) -> None:
        state = submission.status.name
        if submission.finished_at is None:
            state += ", left unfinished"
        text = f"{submission.scenario}: {state} ({counts_text(submission.counts)})"
        self._box.put(_message("end", submission.finished_at, text, submission), first=True)

    def close(self) -> None:
        self._box.close()
        if self._box.lost:
            self._tell(
                f"webhook_url: {self._box.lost} messages to {self._shown} were not delivered in "
                "time; the run is not affected"
            )

    def _failure(self, step: Step) -> dict[str, Any]:
        job = _discreet(step.job, self._redact)
        text = f"{step.submission.scenario}: task {job.task} failed: {shortened(reason_text(job))}"
        return {
            **_message("failure", step.change.at, text, step.submission),
            "job": job_fields(job),
        }

    # -- the thread of the mailbox --------------------------------------------------------

    def _deliver(self, message: dict[str, Any]) -> None:
        body = json.dumps(message, default=str).encode()
        wrong, again = self._post(body)
        # If the server does not answer, only the first message is tried several times.
        for pause in () if self._tell.told else _PAUSES:
            if not (wrong and again):
                break
            self._box.pause(pause)
            wrong, again = self._post(body)
        if wrong:
            self._tell(
                f"webhook_url: a message to {self._shown} could not be delivered ({wrong}); the "
                "run goes on, and later errors like this are not reported"
            )

    def _post(self, body: bytes) -> tuple[str, bool]:
        """The error without the address, empty if none, and whether another attempt may help."""
        request = urllib.request.Request(self._url, body, self._headers, method="POST")
        try:
            with self._opener.open(request, timeout=_TIMEOUT):
                return "", False
        except urllib.error.HTTPError as error:
            error.close()
            return f"it answers with HTTP {error.code}", error.code in _TRY_AGAIN
        except urllib.error.URLError as error:
            return _why(error.reason), True
        except (OSError, HTTPException) as error:
            return _why(error), True


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: a redirected POST would become a GET."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def _message(kind: str, at: float | None, text: str, record: SubmissionRecord) -> dict[str, Any]:
    counts = {status.name: number for status, number in record.counts.items() if number}
    return {
        "schema": SCHEMA,
        "event": kind,
        "at": when(at),
        "text": one_line(text),
        "submission": submission_fields(record),
        "counts": counts,
    }


def _discreet(job: JobRecord, redact: Callable[[str], str]) -> JobRecord:
    """The job as the receiver may see it, without secrets."""
    failure = job.failure
    if failure is None:
        return job
    message = redact(failure.message)[:_LONGEST]
    trace = None if failure.traceback is None else redact(failure.traceback)[-_LONGEST:]
    return replace(job, failure=replace(failure, message=message, traceback=trace))


def _request_parts(url: str) -> tuple[str, dict[str, str]]:
    """The address without user and password, and the headers, which contain both."""
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"taipy-exec/{__version__}",
    }
    parts = urlsplit(url)
    user, at, place = parts.netloc.rpartition("@")
    if at:
        headers["Authorization"] = f"Basic {b64encode(unquote(user).encode()).decode()}"
    return urlunsplit(parts._replace(netloc=place, fragment="")), headers


def _why(reason: object) -> str:
    """An error in words. For one that is not the system's only its type: its text may be secret."""
    if isinstance(reason, TimeoutError):
        return f"it does not answer within {_TIMEOUT:g} s"
    text = getattr(reason, "strerror", None)
    return str(text) if text else type(reason).__name__

"""The messages between coordinator and workers: JSON with one schema, signed if there is a secret.

They name tasks of the application's own configuration. They contain no code, no pickle and no path.
An order has names of files, but only to show them to the user.
A message that does not fit the schema exactly is a `BadMessage`; no part of it is used.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from taipy_exec.config.vocabulary import TOO_LARGE
from taipy_exec.protocol.order import JobOrder
from taipy_exec.protocol.schema import (
    Attempt,
    Count,
    CycleId,
    Digest,
    EntityId,
    FileList,
    Hex,
    InstanceId,
    JobId,
    Name,
    Output,
    Report,
    RunId,
    Seconds,
    Sentence,
    SubmissionId,
    TaskId,
    Time,
    Word,
    WorkerId,
)

VERSION = 1
SIGNATURE = "taipy-exec-signature"


class BadMessage(Exception):
    """A message that taipy-exec does not accept. Its text is the reason, in one sentence."""


class _Message(
    msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind"
):
    """`version` and `application` belong to the outermost message. They are cleared on reading."""

    version: int = VERSION
    application: str = ""


class Order(_Message, tag="order"):
    """One attempt of one job, for the first worker that receives it. `at` is the time of sending.

    `code` is the digest of the submitter's code for the task. `files` has the digests of its files
    (see `own_code.Code`). Both may be empty. `element` is that of the `JobOrder`.
    """

    job: JobId
    task: TaskId
    attempt: Attempt
    submission: SubmissionId
    instance: InstanceId
    cycle: CycleId
    digest: Hex
    epoch: Hex
    at: Time
    entity: EntityId = ""
    code: Digest = ""
    files: FileList = ""
    element: Digest = ""

    def as_job_order(self) -> JobOrder:
        """The part of the order that a slot needs."""
        return JobOrder(
            job=self.job,
            task=self.task,
            attempt=self.attempt,
            submission=self.submission,
            instance=self.instance,
            cycle=self.cycle,
            entity=self.entity,
            element=self.element,
        )


class JobBegun(_Message, tag="begun"):
    """A worker took the job. `run` is unique to this start."""

    job: JobId
    attempt: Attempt
    epoch: Hex
    run: RunId
    worker: Name
    worker_id: WorkerId


class JobProcess(_Message, tag="process"):
    """The process of this run is being started or, if `ready`, begins with the job.

    It is sent only if the job gets a new process, and only from `level.USAGE_AND_PROCESS` on.
    """

    job: JobId
    attempt: Attempt
    run: RunId
    ready: bool


class JobOutput(_Message, tag="output"):
    """A piece of the job's output. The text holds its bytes as latin-1."""

    job: JobId
    attempt: Attempt
    run: RunId
    text: Output


class JobEnded(_Message, tag="ended"):
    """The attempt ended."""

    job: JobId
    attempt: Attempt
    epoch: Hex
    run: RunId
    worker: Name
    worker_id: WorkerId
    report: Report


class Returned(_Message, tag="returned"):
    """The worker did not run the order, or stopped it. `why` is a word, `detail` a sentence.

    `run` is empty if the job did not begin on this worker.
    """

    job: JobId
    attempt: Attempt
    epoch: Hex
    run: RunId
    worker: Name
    why: Word
    detail: Sentence


class LeaseRenewal(_Message, tag="holding"):
    """The worker's heartbeat, with the jobs it holds: [job, attempt, run].

    `run` is empty for a job that has not begun.
    """

    worker: Name
    worker_id: WorkerId
    jobs: list[tuple[JobId, Attempt, RunId]]


class Claim(_Message, tag="asks"):
    """The worker asks whether this run still counts: before it begins or, if `begun`, writes."""

    job: JobId
    attempt: Attempt
    epoch: Hex
    run: RunId
    worker: Name
    worker_id: WorkerId
    begun: bool


class ClaimReply(_Message, tag="verdict"):
    """The coordinator's answer to `Claim`. `answer_to` is the submission, empty for a refusal."""

    job: JobId
    attempt: Attempt
    run: RunId
    allowed: bool
    answer_to: Name


class Revoked(_Message, tag="withdrawn"):
    """No worker may start these jobs any more."""

    submission: SubmissionId
    jobs: list[JobId]


class Paused(_Message, tag="paused"):
    """Start no more jobs of this submission; if `paused` is false, continue."""

    submission: SubmissionId
    paused: bool


class Takeover(_Message, tag="taken_over"):
    """Orders of this submission with another epoch are outdated."""

    submission: SubmissionId
    epoch: Hex


class StopJob(_Message, tag="stop"):
    """Stop this job on its worker: ask it to end, and kill it after `grace` seconds."""

    job: JobId
    attempt: Attempt
    grace: Seconds


class Mark(_Message, tag="mark"):
    """A worker's own mark on the control stream. When it reads the mark, it has read all before."""

    worker_id: WorkerId


class Call(_Message, tag="call"):
    """A request: every worker reports its state now."""


class Heartbeat(_Message, tag="beat"):
    """The state of a worker. `running` has [job, task, seconds] for each slot in use.

    `also` is the digest of a second configuration whose jobs it also runs.
    """

    worker: Name
    worker_id: WorkerId
    digest: Hex
    state: Name
    slots: Count
    running: list[tuple[Name, Name, Seconds]]
    done: Count
    failed: Count
    uptime: Seconds
    also: Hex = ""


Wire = (
    Order
    | JobBegun
    | JobProcess
    | JobOutput
    | JobEnded
    | Returned
    | LeaseRenewal
    | Claim
    | ClaimReply
    | Revoked
    | Paused
    | Takeover
    | StopJob
    | Mark
    | Call
    | Heartbeat
)


class _Several(_Message, tag="several"):
    """A container for several messages."""

    messages: list[Wire]


class _Origin(msgspec.Struct):
    version: msgspec.Raw
    application: msgspec.Raw


_ENCODER = msgspec.json.Encoder()
_DECODER: msgspec.json.Decoder[Wire | _Several] = msgspec.json.Decoder(Wire | _Several)
_ORIGINS = msgspec.json.Decoder(_Origin)
_WORDS = msgspec.json.Decoder(int | str)


def encoded(message: Wire) -> bytes:
    """One message as JSON, to be sent alone or inside another message."""
    # A field with its default is left out, so that older versions still understand the message.
    return _ENCODER.encode(message)


class Codec:
    """Converts messages of one application to bytes and back. A secret signs and verifies them."""

    def __init__(self, application: str, secret: bytes | None = None) -> None:
        self._application = application
        self._secret = secret
        self._head = f'{{"version":{VERSION},"application":{json.dumps(application)},'.encode()

    def dump(self, message: Wire) -> tuple[bytes, dict[str, str]]:
        """Body and headers."""
        return self._sealed(encoded(message)[1:])

    def dump_all(self, parts: Sequence[bytes]) -> tuple[bytes, dict[str, str]]:
        """Body and headers of one message that holds several, each from `encoded`."""
        return self._sealed(b'"kind":"several","messages":[%b]}' % b",".join(parts))

    def _sealed(self, rest: bytes) -> tuple[bytes, dict[str, str]]:
        body = self._head + rest
        return body, {SIGNATURE: self._sign(body)} if self._secret else {}

    def load(self, body: bytes, headers: Mapping[str, Any]) -> Wire:
        """The message, which must be a single one. Raises BadMessage with the reason."""
        found = self._opened(body, headers)
        if isinstance(found, _Several):
            raise BadMessage("it holds several messages, but one was expected")
        return found

    def load_all(self, body: bytes, headers: Mapping[str, Any]) -> list[Wire]:
        """The messages, one or several. Raises BadMessage with the reason if one is wrong."""
        found = self._opened(body, headers)
        return found.messages if isinstance(found, _Several) else [found]

    def _opened(self, body: bytes, headers: Mapping[str, Any]) -> Wire | _Several:
        if TOO_LARGE in headers:
            raise BadMessage(f"it is too large ({headers[TOO_LARGE]!r:.20} bytes)")
        if self._secret is not None:
            given = headers.get(SIGNATURE)
            if not isinstance(given, str):
                raise BadMessage("it is not signed, and this application has a secret")
            if not hmac.compare_digest(given.encode(), self._sign(body).encode()):
                raise BadMessage("its signature is wrong: another secret, or a forgery")
        try:
            found = _DECODER.decode(body)
            version, application = found.version, found.application
            _check(found)
        except (ValueError, RecursionError) as error:
            self._check_origin(*_origin(body))
            raise BadMessage(f"it has another form: {error}") from None
        self._check_origin(version, application)
        found.version, found.application = VERSION, ""
        return found

    def _check_origin(self, version: object, application: object) -> None:
        if version != VERSION:
            raise BadMessage(f"it has version {version!r:.50}, and this taipy-exec knows {VERSION}")
        if application != self._application:
            raise BadMessage(f"it belongs to another application: {application!r:.100}")

    def _sign(self, body: bytes) -> str:
        assert self._secret is not None
        return hmac.new(self._secret, body, sha256).hexdigest()


def _check(found: Wire | _Several) -> None:
    """Check the rules that types cannot express. Raises ValueError."""
    for message in found.messages if isinstance(found, _Several) else (found,):
        if isinstance(message, Order):
            if not message.job.startswith(f"JOB_{message.task}_"):
                raise ValueError("its job is not one of its task")
            if message.entity and not message.entity.startswith(f"TASK_{message.task}_"):
                raise ValueError("its entity is not one of its task")
        elif isinstance(message, JobEnded):
            report = message.report
            if (report.job, report.attempt) != (message.job, message.attempt):
                raise ValueError("its report belongs to another job")


def _origin(body: bytes) -> tuple[object, object]:
    """Version and application of a body that does not fit the schema.

    Raises BadMessage if it has none.
    """
    try:
        found = _ORIGINS.decode(body)
        return _WORDS.decode(found.version), _WORDS.decode(found.application)
    except (ValueError, RecursionError):
        raise BadMessage("it is no message of taipy-exec") from None

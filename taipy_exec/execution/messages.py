"""The messages between coordinator and workers: JSON, checked field by field, signed on demand.

They name tasks of the application's own configuration and carry no code, no pickle and no path; the
names of files in an order are there to be shown.
What does not fit to the letter is a `BadMessage`; nothing of it is used.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, ClassVar, NamedTuple, get_type_hints

from taipy_exec.execution.order import JobOrder, JobReport

VERSION = 1
SIGNATURE = "taipy-exec-signature"

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# A file of the application, as failures name it; nothing is opened by it.
FILE_NAME = r"\w[\w.-]*(?:/\w[\w.-]*)*"
_FILE = rf"[0-9a-f-]{{8}} {FILE_NAME}"
_SHAPES = {
    "job": re.compile(rf"JOB_\w+_{_UUID}"),
    "submission": re.compile(rf"SUBMISSION_{_UUID}"),
    "instance": re.compile(rf"SCENARIO_\w+_{_UUID}"),
    "cycle": re.compile(r"(CYCLE_[A-Z]+_\d{4}-\d\d-\d\d)?"),
    "task": re.compile(r"\w+"),
    "entity": re.compile(rf"(TASK_\w+_{_UUID})?"),
    "digest": re.compile(r"[0-9a-f]*"),
    "also": re.compile(r"[0-9a-f]*"),
    "code": re.compile(r"([0-9a-f]{16})?"),
    "files": re.compile(rf"({_FILE}(\n{_FILE})*)?"),
    "epoch": re.compile(r"[0-9a-f]*"),
    "run": re.compile(r"[\w.:-]*"),
    "worker_id": re.compile(r"[0-9a-f]+"),
}


class BadMessage(Exception):
    """A message that is not one of ours; its text is the reason, in one sentence."""


class Order(NamedTuple):
    """One attempt of one job, for the first worker that receives it; `at` is when it was sent.

    `code` is the digest of the code that the submitter has for its task, `files` those of its files
    (see `own_code.Code`); both may be empty.
    """

    job: str
    task: str
    attempt: int
    submission: str
    instance: str
    cycle: str
    digest: str
    epoch: str
    at: float
    entity: str = ""
    code: str = ""
    files: str = ""

    def as_job_order(self) -> JobOrder:
        """What a slot gets of it."""
        return JobOrder(
            job=self.job,
            task=self.task,
            attempt=self.attempt,
            submission=self.submission,
            instance=self.instance,
            cycle=self.cycle,
            entity=self.entity,
        )


class JobBegun(NamedTuple):
    """A worker took the job. `run` is unique to this start."""

    job: str
    attempt: int
    epoch: str
    run: str
    worker: str
    worker_id: str


class JobOutput(NamedTuple):
    """A piece of what the job printed, as latin-1 text of its bytes."""

    job: str
    attempt: int
    run: str
    text: str


class JobEnded(NamedTuple):
    """The attempt ended; `report` is a `JobReport` as JSON."""

    job: str
    attempt: int
    epoch: str
    run: str
    worker: str
    worker_id: str
    report: dict[str, Any]

    def as_report(self) -> JobReport:
        """The report. Raises ValueError where it is none, or one of another job."""
        report = JobReport.from_json(self.report)
        duration = report.duration
        if type(duration) not in (int, float) or not duration >= 0:
            raise ValueError("its report has no duration")
        if (report.job, report.attempt) != (self.job, self.attempt):
            raise ValueError("the report is of another job")
        return report


class Returned(NamedTuple):
    """The worker did not run the order, or stopped it: `why` is a word, `detail` a sentence.

    `run` is empty where the job did not begin there.
    """

    job: str
    attempt: int
    epoch: str
    run: str
    worker: str
    why: str
    detail: str


class Holding(NamedTuple):
    """The worker lives and holds these: [job, attempt, run], run empty before it has told one."""

    worker: str
    worker_id: str
    jobs: list[Any]


class Asks(NamedTuple):
    """The worker wants to know whether this run counts, before it begins or, `begun`, writes."""

    job: str
    attempt: int
    epoch: str
    run: str
    worker: str
    worker_id: str
    begun: bool


class Verdict(NamedTuple):
    """The coordinator's answer to `Asks`. `answer_to` is the submission, empty for a refusal."""

    job: str
    attempt: int
    run: str
    allowed: bool
    answer_to: str


class Withdrawn(NamedTuple):
    """These jobs are not to be run any more, by anybody."""

    submission: str
    jobs: list[Any]


class Paused(NamedTuple):
    """Nothing more of this submission is to be begun; or, not `paused`, it goes on."""

    submission: str
    paused: bool


class TakenOver(NamedTuple):
    """Orders of this submission with another epoch are outdated."""

    submission: str
    epoch: str


class StopJob(NamedTuple):
    """Stop this job where it runs: ask it to end, and kill it after `grace` seconds."""

    job: str
    attempt: int
    grace: float


class Mark(NamedTuple):
    """A worker put it on the control stream, to see that it has read all before it."""

    worker_id: str


class Call(NamedTuple):
    """Workers shall tell about themselves now."""


class Beat(NamedTuple):
    """What a worker tells about itself. `running` has [job, task, seconds] for each slot in use.

    `also` is the digest of another configuration whose jobs it runs, too.
    """

    worker: str
    worker_id: str
    digest: str
    state: str
    slots: int
    running: list[Any]
    done: int
    failed: int
    uptime: float
    also: str = ""


Wire = (
    Order
    | JobBegun
    | JobOutput
    | JobEnded
    | Returned
    | Holding
    | Asks
    | Verdict
    | Withdrawn
    | Paused
    | TakenOver
    | StopJob
    | Mark
    | Call
    | Beat
)

_KINDS: dict[str, type[Any]] = {
    "order": Order,
    "begun": JobBegun,
    "output": JobOutput,
    "ended": JobEnded,
    "returned": Returned,
    "holding": Holding,
    "asks": Asks,
    "verdict": Verdict,
    "withdrawn": Withdrawn,
    "paused": Paused,
    "taken_over": TakenOver,
    "stop": StopJob,
    "mark": Mark,
    "call": Call,
    "beat": Beat,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


_ENCODER = json.JSONEncoder(separators=(",", ":"))
# Not a kind of its own: it stands for those in it.
_SEVERAL = "several"


def as_text(message: Wire) -> str:
    """One message as JSON, to be put into another or sent by itself."""
    fields = message._asdict()
    for name, unsaid in message._field_defaults.items():
        # Who is of a version from before the field still understands what does not need it.
        if fields[name] == unsaid:
            del fields[name]
    return _ENCODER.encode({"kind": _NAMES[type(message)], **fields})


def _check_names(order: Order) -> None:
    """A job's id, and that of its program's own task, begin with the configured task's id."""
    if not order.job.startswith(f"JOB_{order.task}_"):
        raise BadMessage("its job is not one of its task")
    if order.entity and not order.entity.startswith(f"TASK_{order.task}_"):
        raise BadMessage("its entity is not one of its task")


def _is_held(entry: Any) -> bool:
    return isinstance(entry, list) and [type(part) for part in entry] == [str, int, str]


class Codec:
    """Messages of one application to bytes and back; with a secret, signed and verified."""

    _fields: ClassVar[dict[type[Any], dict[str, Any]]] = {
        kind: {n: getattr(t, "__origin__", t) for n, t in get_type_hints(kind).items()}
        for kind in _KINDS.values()
    }

    def __init__(self, application: str, secret: bytes | None = None) -> None:
        self._application = application
        self._secret = secret
        self._head = f'{{"version":{VERSION},"application":{json.dumps(application)},'

    def dump(self, message: Wire) -> tuple[bytes, dict[str, str]]:
        """Body and headers."""
        return self._sealed(as_text(message)[1:])

    def dump_all(self, texts: Sequence[str]) -> tuple[bytes, dict[str, str]]:
        """Body and headers of one message that holds several, each from `as_text`."""
        return self._sealed(f'"kind":"{_SEVERAL}","messages":[{",".join(texts)}]}}')

    def _sealed(self, rest: str) -> tuple[bytes, dict[str, str]]:
        body = f"{self._head}{rest}".encode()
        return body, {SIGNATURE: self._sign(body)} if self._secret else {}

    def load(self, body: bytes, headers: Mapping[str, Any]) -> Wire:
        """The message, where it is a single one. Raises BadMessage with the reason."""
        return self._part(self._opened(body, headers))

    def load_all(self, body: bytes, headers: Mapping[str, Any]) -> list[Wire]:
        """The messages, one or several. Raises BadMessage with the reason; then none counts."""
        fields = self._opened(body, headers)
        if fields.get("kind") != _SEVERAL:
            return [self._part(fields)]
        parts = fields.get("messages")
        if fields.keys() != {"kind", "messages"} or not isinstance(parts, list):
            raise BadMessage("it is not a list of messages")
        return [self._part(part) for part in parts]

    def _opened(self, body: bytes, headers: Mapping[str, Any]) -> dict[str, Any]:
        if self._secret is not None:
            given = headers.get(SIGNATURE)
            if not isinstance(given, str):
                raise BadMessage("it is not signed, and this application has a secret")
            if not hmac.compare_digest(given.encode(), self._sign(body).encode()):
                raise BadMessage("its signature is wrong: another secret, or a forgery")
        try:
            fields = json.loads(body)
        except (ValueError, RecursionError):
            raise BadMessage("it is not JSON") from None
        if not isinstance(fields, dict):
            raise BadMessage("it is not a JSON object")
        version = fields.pop("version", None)
        if version != VERSION:
            raise BadMessage(f"it has version {version!r:.50}, and this taipy-exec knows {VERSION}")
        application = fields.pop("application", None)
        if application != self._application:
            raise BadMessage(f"it is of another application: {application!r:.100}")
        return fields

    def _part(self, fields: Any) -> Wire:
        kind = _KINDS.get(str(fields.pop("kind", None))) if isinstance(fields, dict) else None
        if kind is None:
            raise BadMessage("it is of an unknown kind")
        return self._checked(kind, fields)

    def _checked(self, kind: type[Any], fields: dict[str, Any]) -> Wire:
        wanted = self._fields[kind]
        # A field that a later version has added has a default: messages from before it still count.
        odd_ones = (fields.keys() ^ wanted.keys()) - (kind._field_defaults.keys() - fields.keys())
        if odd_ones:
            odd = ", ".join(sorted(map(str, odd_ones)))
            raise BadMessage(f"it has unknown or missing fields: {odd:.200}")
        for name, value in fields.items():
            type_ = wanted[name]
            # Of JSON's types only int stands for another: a whole number where seconds are meant.
            if type(value) is not type_ and not (type_ is float and type(value) is int):
                raise BadMessage(f"its field {name} is not {type_.__name__}")
            shape = _SHAPES.get(name)
            if shape is not None and not shape.fullmatch(value):
                raise BadMessage(f"its field {name} has a forbidden form: {value!r:.100}")
        if fields.get("attempt", 1) < 1:
            raise BadMessage("its attempt is less than 1")
        found: Wire = kind(**fields)
        if isinstance(found, Holding) and not all(map(_is_held, found.jobs)):
            raise BadMessage("its field jobs is not a list of [job, attempt, run]")
        if isinstance(found, Order):
            _check_names(found)
        return found

    def _sign(self, body: bytes) -> str:
        assert self._secret is not None
        return hmac.new(self._secret, body, sha256).hexdigest()

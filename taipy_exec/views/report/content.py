"""The content of a report, for any format: gathered once, without secrets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from taipy_exec.config.application import AppConfig
from taipy_exec.config.redaction import redaction
from taipy_exec.engine.instances import instance_nodes
from taipy_exec.errors import TaipyExecError
from taipy_exec.model.graph import JobGraph
from taipy_exec.model.job import Failure, JobRecord, SubmissionRecord
from taipy_exec.model.status import Status
from taipy_exec.store.logs import log_path
from taipy_exec.store.store import Store
from taipy_exec.views.log_tail import NO_LOG, LogTail, log_size, read_tail, room_for
from taipy_exec.views.report.groups import own_rows
from taipy_exec.views.report.lineage import Lineage, lineage
from taipy_exec.views.report.preview import Preview
from taipy_exec.views.report.values import previews

_LONGEST_TRACEBACK = 20_000
_ALL_TRACEBACKS = 2_000_000
# The logs of a page that shows some of very many jobs.
_LOGS_OF_SOME = 1_000_000
_LONGEST_MESSAGE = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStory:
    """A job with its log. `waited` is the time from when it could start to when it did.

    `ran` is the time of its function; for a running job, the time since it began.
    """

    job: JobRecord
    log: LogTail = NO_LOG
    waited: float | None = None
    ran: float | None = None
    until: float | None = None


@dataclass(frozen=True, kw_only=True)
class Report:
    """A submission as it was at `made_at`. `graph` is None if it is not known any more.

    `previews` are short forms of the values of data nodes, by the names of those that were read.
    `notes` say what the report lacks; `where` has the options that a command needs to find the
    application.
    """

    record: SubmissionRecord
    stories: tuple[JobStory, ...]
    made_at: float
    graph: JobGraph | None = None
    lineage: tuple[Lineage, ...] = ()
    previews: Mapping[str, Preview] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    where: str = ""
    interrupted: bool = False
    statuses: dict[str, str] = field(default_factory=dict)

    @cached_property
    def failed(self) -> tuple[JobStory, ...]:
        """The failed jobs, in the order in which they failed."""
        found = [story for story in self.stories if story.job.status is Status.FAILED]
        return tuple(sorted(found, key=lambda story: story.job.finished_at or 0.0))

    @cached_property
    def rows(self) -> tuple[int, ...]:
        """The numbers of the jobs that have a row of their own, in the order of the table."""
        return tuple(own_rows([story.job for story in self.stories]))

    @cached_property
    def _with_row(self) -> frozenset[int]:
        return frozenset(self.rows)

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """Job -> its number."""
        return {story.job.id: number for number, story in enumerate(self.stories)}

    def has_row(self, number: int) -> bool:
        """Whether the job of this number has a row that one can link to."""
        return number in self._with_row

    @property
    def is_collapsed(self) -> bool:
        """Whether there are too many jobs to show each."""
        return len(self.rows) < len(self.stories)

    @property
    def seconds(self) -> float:
        """How long the submission took, or takes until now."""
        end = self.record.finished_at
        return max((self.made_at if end is None else end) - self.record.created_at, 0.0)


def gather(
    store: Store,
    wanted: str,
    config: AppConfig | TaipyExecError,
    *,
    now: float,
    where: str = "",
    with_values: bool = False,
    only_rows: bool = False,
) -> Report:
    """The report of a submission. `config` may be the reason why there is none.

    `with_values`: data nodes are read, which may take some seconds. `only_rows`: only the logs of
    jobs with a row of their own are read. Raises NotFoundError.
    """
    record = store.submission(wanted)
    jobs = store.jobs(record.id)
    notes: list[str] = []
    graph: JobGraph | None = None
    data: tuple[Lineage, ...] = ()
    shown: Mapping[str, Preview] = {}
    known = config if isinstance(config, AppConfig) else None
    redacted = redaction(known)
    jobs = _without_secrets(jobs, redacted)
    if isinstance(config, TaipyExecError):
        notes.append(_missing(config, redacted))
    else:
        try:
            scenario = config.scenario(record.scenario)
            graph = scenario.graph(record.target)
            if record.program is None:
                instance = store.instance(record.instance)
                data = lineage(store, config, scenario, instance, graph, jobs, redacted)
                if with_values:
                    nodes = instance_nodes(config, scenario, instance)
                    order = sorted(data, key=_by_interest)
                    shown = previews([nodes[n.node] for n in order], redacted, config.root)
        except TaipyExecError as error:
            notes.append(_missing(error, redacted))
        if record.config_digest and record.config_digest != config.digest:
            notes.append(
                "The configuration has changed since this was submitted: graph and data are shown "
                "as they are now."
            )
    with_log = range(len(jobs)) if not only_rows else own_rows(jobs)
    stories = _stories(store.folder, jobs, frozenset(with_log), redacted, now)
    return Report(
        record=record,
        stories=stories,
        made_at=now,
        graph=graph,
        lineage=data,
        previews=shown,
        notes=tuple(notes),
        where=where,
        interrupted=store.is_interrupted(record),
        statuses={job.task: job.status.name for job in jobs},
    )


def _by_interest(node: Lineage) -> int:
    """Results come first, then inputs, since there may be too many data nodes to read all."""
    return 0 if node.is_result else 1 if node.is_input else 2


def _missing(error: TaipyExecError, redacted: Callable[[str], str]) -> str:
    return f"Graph and data lineage are not known: {redacted(error.message)}."


def _without_secrets(jobs: Sequence[JobRecord], redacted: Callable[[str], str]) -> list[JobRecord]:
    failed = sum(job.failure is not None for job in jobs)
    room = min(_LONGEST_TRACEBACK, _ALL_TRACEBACKS // max(failed, 1))
    return [
        replace(job, failure=_discreet(job.failure, redacted, room)) if job.failure else job
        for job in jobs
    ]


def _discreet(failure: Failure, redacted: Callable[[str], str], room: int) -> Failure:
    trace = failure.traceback
    return replace(
        failure,
        message=_shortened(redacted(failure.message), _LONGEST_MESSAGE),
        traceback=None if trace is None else _shortened(redacted(trace), room),
    )


def _shortened(text: str, room: int) -> str:
    """The first and the last part of a long text: the end of a traceback is the most useful."""
    if len(text) <= room:
        return text
    head = room // 4
    left = len(text) - room
    return f"{text[:head]}\n[... {left} characters left out ...]\n{text[head - room :]}"


def _stories(
    folder: Path,
    jobs: Sequence[JobRecord],
    with_log: frozenset[int],
    redacted: Callable[[str], str],
    now: float,
) -> tuple[JobStory, ...]:
    paths = {n: log_path(folder, jobs[n].submission, jobs[n].id) for n in with_log}
    count = sum(log_size(path) > 0 for path in paths.values())
    room = room_for(count)
    if len(with_log) < len(jobs):
        room = min(room, _LOGS_OF_SOME // max(count, 1))
    return tuple(
        _story(job, read_tail(paths[n], room, redacted) if n in paths else NO_LOG, now)
        for n, job in enumerate(jobs)
    )


def _story(job: JobRecord, log: LogTail, now: float) -> JobStory:
    running = job.status is Status.RUNNING
    began = job.started_at if job.started_at is not None else job.finished_at
    if job.status is Status.PENDING:
        began = now
    waited = ran = until = None
    if job.pending_at is not None and began is not None:
        waited = max(began - job.pending_at, 0.0)
    if job.started_at is not None and job.status is not Status.PENDING:
        until = now if running else job.finished_at
        ran = job.duration
        if ran is None and until is not None:
            ran = max(until - job.started_at, 0.0)
    return JobStory(job=job, log=log, waited=waited, ran=ran, until=until)

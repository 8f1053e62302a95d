"""All uses of Taipy's private names; no other module knows one.

Written for Taipy 4.1. If another version lacks a name, `versions.require_taipy` reports it.
It is longer than a module should be, as all of it changes for one reason: a new version of Taipy.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any, ClassVar, Protocol

import toml
from taipy.common.config import Config
from taipy.common.config._serializer._toml_serializer import _TomlSerializer
from taipy.common.config.checker._checker import _Checker
from taipy.common.config.checker._checkers._config_checker import _ConfigChecker
from taipy.common.config.exceptions.exceptions import (
    InconsistentEnvVariableError,
    MissingEnvVariableError,
)
from taipy.common.logger._taipy_logger import _TaipyLogger
from taipy.core import Job, Orchestrator, Status, Submission, Task
from taipy.core._entity._ready_to_run_property import _ReadyToRunProperty
from taipy.core._entity.submittable import Submittable
from taipy.core._orchestrator._orchestrator import _Orchestrator
from taipy.core._orchestrator._orchestrator_factory import _OrchestratorFactory
from taipy.core._repository._encoder import _Encoder
from taipy.core._repository._filesystem_repository import _FileSystemRepository
from taipy.core._version._version_manager_factory import _VersionManagerFactory
from taipy.core.config.job_config import JobConfig
from taipy.core.data._data_manager_factory import _DataManagerFactory
from taipy.core.data._file_datanode_mixin import _FileDataNodeMixin
from taipy.core.data.data_node import DataNode
from taipy.core.job._job_manager_factory import _JobManagerFactory
from taipy.core.notification import EventOperation, Notifier
from taipy.core.notification.event import _make_event
from taipy.core.reason import DataNodeEditInProgress, DataNodeIsNotWritten
from taipy.core.submission._submission_manager_factory import _SubmissionManagerFactory
from taipy.core.task._task_manager_factory import _TaskManagerFactory

from taipy_exec.config.main_module import RunRefused, is_importing
from taipy_exec.errors import ConfigurationError, UsageError

log = _TaipyLogger._get_logger()

_CLUSTER = "cluster"
_PART = ".taipy-exec"


# -- the configuration ----------------------------------------------------------------------


def configuration_values() -> dict[str, Any]:
    """The applied configuration, in the form of a TOML file."""
    values: dict[str, Any] = _TomlSerializer()._str(Config._applied_config)
    return values


def default_values() -> dict[str, Any]:
    """Taipy's own defaults, in the same form."""
    values: dict[str, Any] = _TomlSerializer()._str(Config._default_config)
    return values


def configuration_text() -> str:
    """The applied configuration as TOML, without default data, which may be any object."""
    values = configuration_values()
    for node in values.get("DATA_NODE", {}).values():
        node.pop("default_data", None)
    return str(toml.dumps(values))


def apply_configuration(text: str) -> None:
    """Apply the program's configuration in this process too, which is part of its run.

    The program has managed its version: a second time would, in development version mode, delete
    all its entities. Raises ConfigurationError if a function that the configuration names cannot
    be imported here.
    """
    try:
        found = _TomlSerializer()._deserialize(text)
    except Exception as error:
        raise ConfigurationError(
            str(error),
            "define it at the top level of a module, outside of the "
            '`if __name__ == "__main__":` part',
        ) from error
    Config._applied_config._update(found)
    Config.block_update()
    Orchestrator._version_is_initialized = True


def stored_versions() -> Path:
    """The folder of the configurations of the program's starts."""
    return Path(_VersionManagerFactory._build_manager()._repository.dir_path).absolute()


def take_stored_configuration() -> bool:
    """Apply the configuration that the program stored at its last start.

    False if it never started. Raises what importing the functions in it raises.
    """
    versions = _VersionManagerFactory._build_manager()
    try:
        # Not the manager's own method: it makes a version if there is none.
        version = versions._get(versions._repository._get_latest_version())
    except FileNotFoundError:
        return False
    if version is None:
        return False
    Config._python_config = version.config
    Config._compile_configs()
    return True


def default_data() -> dict[str, Any]:
    """Data node -> its default data, as Python values; `ENV[...]` as it was written."""
    return {
        # Not `properties`: they look up every environment variable that is named.
        id: node._properties["default_data"]
        for id, node in Config.data_nodes.items()
        if node._properties.get("default_data") is not None
    }


def problems() -> list[tuple[str, str, Any, str]]:
    """The current findings of Taipy's checkers: level, field, value and message of each.

    A missing environment variable ends them: then it is the only finding.
    """
    try:
        found = _Checker._check(Config._applied_config).all
    except (MissingEnvVariableError, InconsistentEnvVariableError) as error:
        return [("ERROR", "", None, f"{error} The configuration reads this variable by ENV[...]")]
    return [(issue.level, issue.field, issue.value, issue.message) for issue in found]


def override_job(values: Mapping[str, Any]) -> None:
    """Set these keys of `[JOB]`, in place of those of the program and its files."""
    if not values:
        return
    original = Config._override_env_file

    def override(cls: Any) -> None:
        original()
        sections = cls._env_file_config._unique_sections
        sections.setdefault(JobConfig.name, JobConfig())._update(dict(values))

    Config._override_env_file = classmethod(override)
    # A program may configure nothing itself, and take all from TAIPY_CONFIG_PATH.
    Config._compile_configs()


def allow_cluster() -> None:
    """Make Taipy's checker accept cluster mode, and add a check for what cannot work there."""
    if _CLUSTER not in JobConfig._MODES:
        JobConfig._MODES = [*JobConfig._MODES, _CLUSTER]
        _Checker.add_checker(_ProgramChecker)


class _ProgramChecker(_ConfigChecker):  # type: ignore[misc]
    """Finds what Taipy's own checkers accept, but another process could not run."""

    def _check(self) -> Any:
        if self._config._unique_sections[JobConfig.name].is_development:
            return self._collector
        for id, task in self._config._sections.get("TASK", {}).items():
            name = getattr(task.function, "__qualname__", "")
            if "<lambda>" in name or "<locals>" in name:
                self._error("function", task.function, _not_importable(id, name))
        for id, node in self._config._sections.get("DATA_NODE", {}).items():
            if node.storage_type == "in_memory" and id != "default":
                what = f"DataNode `{id}`: in_memory data nodes live in one process: use pickle"
                self._error("storage_type", node.storage_type, what)
        return self._collector


def _not_importable(task: str, name: str) -> str:
    kind = "a lambda" if "<lambda>" in name else f"{name}, defined inside another function,"
    return (
        f"the function of task `{task}` is {kind} and cannot be found by another process: "
        "define it with def at the top level of a module"
    )


# -- a process that only needs what the program defines ---------------------------------------

_refused_at: list[str] = []


def refuse_running() -> None:
    """Make calls that would run the program or touch its entities end the import, quietly."""
    for owner, name, called in (
        (Orchestrator, "run", "Orchestrator().run()"),
        (_Orchestrator, "submit", "submit()"),
        (_Orchestrator, "submit_task", "submit()"),
    ):
        setattr(owner, name, _refusal(getattr(owner, name), called))
    # The first call that create_scenario and similar functions make: in development version mode it
    # deletes the program's entities.
    manage = _refusal(Orchestrator._manage_version_and_block_config, None)
    Orchestrator._manage_version_and_block_config = staticmethod(manage)
    for module, name in (("taipy.gui", "Gui"), ("taipy.rest", "Rest")):
        if find_spec(module) is not None:
            service = getattr(import_module(module), name)
            service.run = _refusal(service.run, f"{name}().run()")


def _refusal(original: Callable[..., Any], called: str | None) -> Callable[..., Any]:
    """`called` is what the user has written; None: the function that calls this one."""

    def refuse(*args: Any, **kwargs: Any) -> Any:
        if not is_importing():
            return original(*args, **kwargs)
        where = next(_outside_taipy(), "")
        what = called or f"{sys._getframe(1).f_code.co_name}()"
        _refused_at.append(f"{where} calls {what}" if where else what)
        raise RunRefused

    return refuse


def refuse_submitting() -> None:
    """Make submitting fail in a job's process, where no dispatcher would run the jobs."""
    for name in ("submit", "submit_task"):
        setattr(_Orchestrator, name, _no_submission(getattr(_Orchestrator, name)))


def _no_submission(original: Callable[..., Any]) -> Callable[..., Any]:
    def submit(*args: Any, **kwargs: Any) -> Any:
        if _OrchestratorFactory._dispatcher is None:
            raise UsageError(
                "a job's process runs no other jobs: submit in the program, such as in a callback"
            )
        return original(*args, **kwargs)

    return submit


def _outside_taipy() -> Iterator[str]:
    """The lines that led here, the innermost first, without those of Taipy and taipy-exec."""
    ours = (str(Path(_OrchestratorFactory_file()).parents[2]), str(Path(__file__).parents[1]))
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.startswith(ours) and not name.startswith("<"):
            yield f"{name}:{frame.f_lineno}"
        frame = frame.f_back


def _OrchestratorFactory_file() -> str:
    import taipy.core._orchestrator._orchestrator_factory as module

    return str(module.__file__)


def refused_at() -> str | None:
    """The line that ended the import of the program's file, because it would have run something."""
    return _refused_at[0] if _refused_at else None


# -- entities -------------------------------------------------------------------------------


def task_entity(id: str) -> Task | None:
    """The task with its data nodes and function. Raises what importing the function raises."""
    found = _TaskManagerFactory._build_manager()._get(id)
    return found if isinstance(found, Task) else None


def is_stored(task: Task) -> bool:
    """Whether another process would find the task."""
    return bool(_TaskManagerFactory._build_manager()._repository._exists(task.id))


def data_node(id: str) -> DataNode:
    """The data node as it is stored now."""
    return _DataManagerFactory._build_manager()._get(id)


def stored_tasks() -> Path:
    """The folder of the task entities."""
    return Path(_TaskManagerFactory._build_manager()._repository.dir_path).absolute()


def stored_data_nodes() -> Path:
    """The folder of the data node entities."""
    return Path(_DataManagerFactory._build_manager()._repository.dir_path).absolute()


def file_of(node: DataNode) -> Path | None:
    """The file that holds the node's value; None if it has no file of its own."""
    if not isinstance(node, _FileDataNodeMixin):
        return None
    path = Path(node._path).absolute()
    return None if path.is_dir() or path.name.endswith("*") else path


def write_value(node: DataNode, value: Any, file: Path | None = None) -> None:
    """Write the value as Taipy does, but to `file` if it is given; nothing is recorded."""
    if file is None:
        node._write(value)
        return
    path = node._path
    node._path = str(file)
    try:
        node._write(value)
    finally:
        node._path = path


def unlock_outputs(job: Job) -> None:
    """Unlock the job's outputs that still exist: the job does not write them any more."""
    for node in _outputs(job):
        node.unlock_edit()


def _outputs(job: Job) -> list[DataNode]:
    """The job's outputs as they are stored now, without deleted ones."""
    manager = _DataManagerFactory._build_manager()
    ids = [output.id for output in job._task.output.values()]
    found = [manager._get(id) for id in ids if manager._repository._exists(id)]
    return [node for node in found if node is not None]


def record_outputs(job: Job) -> None:
    """Record the edits of the job's outputs, and unlock them.

    It stores and publishes the same as `track_edit` and `unlock_edit` together, but with one write
    for both. It also keeps the edit, which Taipy loses.
    """
    manager = _DataManagerFactory._build_manager()
    for node in _outputs(job):
        path = node._properties.get(node._PATH_KEY)
        at = node._get_last_modified_datetime(path) or datetime.now()
        node._edits.append({"job_id": job.id, "timestamp": at})
        changes = {
            "last_edit_date": at,
            "editor_id": None,
            "editor_expiration_date": None,
            "edit_in_progress": False,
        }
        for name, value in changes.items():
            setattr(node, f"_{name}", value)
        manager._set(node)
        for name, value in changes.items():
            Notifier.publish(
                _make_event(node, EventOperation.UPDATE, attribute_name=name, attribute_value=value)
            )
        for reason in (DataNodeIsNotWritten(node.id), DataNodeEditInProgress(node.id)):
            _ReadyToRunProperty._remove(node, reason)


def set_status(job: Job, name: str, stacktrace: Sequence[str] = ()) -> None:
    """Store the job's new status, publish it, and call its subscribers as Taipy does.

    The stacktrace of a failed job is stored with it. A subscriber that raises does not prevent the
    calls of the others. A deleted job stays deleted, and threads that wait for it are informed.
    """
    status = Status[name]
    job._status_change_records[name] = datetime.now()
    before, job._status = job._status, status
    _follow_in_lists(job, before, status)
    job._stacktrace += stacktrace
    manager = _JobManagerFactory._build_manager()
    if not manager._repository._exists(job.id):
        log.info(f"job {job.id}, which was deleted, is {name}")
        return
    manager._set(job)
    Notifier.publish(
        _make_event(job, EventOperation.UPDATE, attribute_name="status", attribute_value=status)
    )
    if status is Status.COMPLETED:
        log.info(f"job {job.id} is completed.")
    for subscriber in job._subscribers:
        try:
            subscriber(job)
        except (Exception, SystemExit):
            log.exception(f"a callback of job {job.id} raised when the job was {name}")


def _follow_in_lists(job: Job, before: Status, after: Status) -> None:
    """Keep Taipy's lists of waiting jobs correct, whichever dispatcher starts them."""
    queue = _Orchestrator.jobs_to_run
    lists = {Status.BLOCKED: _Orchestrator.blocked_jobs, Status.PENDING: queue.queue}
    if before is after:
        return
    with queue.mutex:
        try:
            if before in lists:
                lists[before].remove(job)
        except ValueError:
            pass  # the job belongs to an earlier run of the program
        if after in lists:
            lists[after].append(job)


def status_of(job: Job) -> str:
    """The job's status by name, as this process knows it."""
    return str(job._status.name)


def times_of(job: Job) -> Mapping[str, float]:
    """Status -> when the job reached it, in seconds since the epoch."""
    return {name: seconds(at) for name, at in job._status_change_records.items()}


def seconds(at: datetime) -> float:
    """A time of an entity, in seconds since the epoch.

    Tests may freeze the clock of a program for a while. The times of that period are of a class
    whose own method fails after it.
    """
    return datetime.timestamp(at)


def is_forced(job: Job) -> bool:
    """Whether the job must not be skipped."""
    return bool(job._force)


def task_of(job: Job) -> Task:
    """The job's task, without reading it again."""
    return job._task


def function_of(task: Task) -> Callable[..., Any]:
    """The task's function, without reading the task again."""
    function: Callable[..., Any] = task._function
    return function


def stored_job(id: str) -> Job | None:
    """The job as it is stored, or None."""
    return _JobManagerFactory._build_manager()._get(id)


def submission_of(job: Job) -> Submission:
    """The submission that made the job."""
    return _SubmissionManagerFactory._build_manager()._get(job.submit_id)


def write_entities_whole() -> None:
    """Replace entity files as a whole: a reader in another process never sees half of one.

    New files are first written in a separate folder, because Taipy treats every file as an entity.
    """
    if getattr(_FileSystemRepository._save, "is_whole", False):
        return

    def save(self: Any, entity: Any) -> None:
        model = self.converter._entity_to_model(entity)
        text = json.dumps(
            model.to_dict(), ensure_ascii=False, indent=0, cls=_Encoder, check_circular=False
        )
        folder = self.dir_path
        name = f"{model.id}.json"
        beside = folder.parent / _PART / f"{os.getpid()}.{threading.get_ident()}.{name}"
        try:
            beside.write_text(text, encoding="UTF-8")
            beside.replace(folder / name)
        except FileNotFoundError:
            folder.mkdir(parents=True, exist_ok=True)
            beside.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(text, encoding="UTF-8")
            beside.replace(folder / name)

    save.is_whole = True  # type: ignore[attr-defined]
    _FileSystemRepository._save = save


# -- the orchestrator -----------------------------------------------------------------------


class _InputsKnown(threading.local):
    """The inputs of scenarios and sequences, computed once per submission.

    For each output that it locks, Taipy checks whether it is an input of a parent. For this it
    loads all tasks of the parent: n times n files for n tasks.
    """

    def __init__(self) -> None:
        self._known: dict[str, set[DataNode]] | None = None
        self._in_use = False

    @contextmanager
    def for_one_submission(self) -> Iterator[None]:
        self._known = {}
        try:
            yield
        finally:
            self._known = None

    @contextmanager
    def used(self) -> Iterator[None]:
        self._in_use = self._known is not None
        try:
            yield
        finally:
            self._in_use = False

    def of(self, submittable: Any) -> set[DataNode]:
        if not self._in_use or self._known is None:
            return _get_inputs(submittable)
        found = self._known.get(submittable.id)
        if found is None:
            found = self._known[submittable.id] = _get_inputs(submittable)
        return found


_inputs_known = _InputsKnown()
_get_inputs: Callable[[Any], set[DataNode]] = Submittable.get_inputs


class JobService(Protocol):
    """The replacement of Taipy's dispatcher. Each method is called in the caller's thread."""

    def started(self) -> RunningDispatcher:
        """Return a dispatcher for `Orchestrator.run`: the running one, if there is one."""

    def submitted(self, submission: Submission, jobs: Sequence[Job]) -> None:
        """Take these new jobs, which are BLOCKED or PENDING."""

    def cancel(self, job: Job) -> None:
        """Cancel this job, which has not ended."""

    def wait(self, jobs: Sequence[Job], timeout: float | None) -> None:
        """Return when these jobs have ended, or after `timeout` seconds."""


class RunningDispatcher(Protocol):
    """The methods of a dispatcher that Taipy uses."""

    def is_running(self) -> bool:
        """Whether it dispatches jobs."""

    def stop(self, wait: bool = True, timeout: float | None = None) -> None:
        """Dispatch no more; with `wait`, return after running jobs, or after `timeout` seconds."""


class DispatcherFace:
    """The visible attributes of Taipy's own dispatcher that make sense for any dispatcher."""

    # How many more jobs could run now.
    free_workers: Callable[[], int]

    @property
    def _nb_available_workers(self) -> int:
        return self.free_workers()


class ServedOrchestrator:
    """Methods of Taipy's orchestrator, which handles jobs until they wait.

    From then on the service handles them. In development mode Taipy does everything.
    """

    service: ClassVar[JobService]
    # Jobs that are being submitted, under the orchestrator's lock; whether each must be canceled.
    in_submit: ClassVar[dict[str, bool]] = {}

    @classmethod
    def submit(cls, *args: Any, **kwargs: Any) -> Submission:
        with _inputs_known.for_one_submission():
            return _original["submit"](cls, *args, **kwargs)

    @classmethod
    def _lock_dn_output_and_create_job(cls, *args: Any, **kwargs: Any) -> Job:
        with _inputs_known.used():
            return _original["_lock_dn_output_and_create_job"](cls, *args, **kwargs)

    @classmethod
    def _orchestrate_job_to_run_or_block(cls, jobs: list[Job]) -> None:
        if Config.job_config.is_development:
            _original["_orchestrate_job_to_run_or_block"](cls, jobs)
            return
        if not jobs:
            return
        # Callbacks run before the service knows the jobs: jobs that they cancel are canceled below.
        in_submit = ServedOrchestrator.in_submit = {job.id: False for job in jobs}
        try:
            for job in jobs:
                set_status(job, "BLOCKED" if _Orchestrator._is_blocked(job) else "PENDING")
            canceled = [job for job in jobs if in_submit[job.id]]
        finally:
            ServedOrchestrator.in_submit = {}
        ServedOrchestrator.service.submitted(submission_of(jobs[0]), jobs)
        for job in canceled:
            ServedOrchestrator.service.cancel(job)

    @classmethod
    def _on_status_change(cls, job: Job) -> None:
        if Config.job_config.is_development:
            _original["_on_status_change"](cls, job)

    @classmethod
    def _wait_until_job_finished(
        cls, jobs: list[Job] | Job, timeout: float | int | None = None
    ) -> None:
        waited_for = [jobs] if isinstance(jobs, Job) else list(jobs)
        ServedOrchestrator.service.wait(waited_for, timeout)

    @classmethod
    def cancel_job(cls, job: Job) -> None:
        if Config.job_config.is_development:
            _original["cancel_job"](cls, job)
        elif job.is_finished():
            log.info(f"{job.id} is {job.status.name} and cannot be canceled.")
        elif job.id in ServedOrchestrator.in_submit:
            ServedOrchestrator.in_submit[job.id] = True
        else:
            ServedOrchestrator.service.cancel(job)


_served = {
    name: method
    for name, method in vars(ServedOrchestrator).items()
    if isinstance(method, classmethod)
}
# Taipy's own methods. Raises AttributeError if this version of Taipy has no such method.
_original = {name: getattr(_Orchestrator, name).__func__ for name in _served}

# A stored job names its subscribers: Taipy without taipy-exec must find them again.
_stored_as = _served["_on_status_change"].__func__
_stored_as.__qualname__ = "_Orchestrator._on_status_change"
_stored_as.__module__ = _Orchestrator.__module__


def take_over(service: JobService) -> None:
    """Make Taipy use `service` in place of its own dispatcher, except in development mode."""
    ServedOrchestrator.service = service
    if is_taken_over():
        return
    Submittable.get_inputs = lambda submittable: _inputs_known.of(submittable)
    # In Taipy's own class: code that has imported it must not use a queue without a dispatcher.
    for name, method in _served.items():
        setattr(_Orchestrator, name, method)
    original = _OrchestratorFactory._build_dispatcher

    def build(cls: Any, force_restart: bool = False) -> Any:
        if Config.job_config.is_development:
            log.warning(
                "mode is development: Taipy runs the jobs itself, in the program's own thread; "
                'taipy-exec runs them with mode = "standalone" or "cluster" in [JOB]'
            )
            return original(force_restart=force_restart)
        if cls._orchestrator is None or Config.job_config.mode not in JobConfig._MODES:
            # It raises the error that a program expects.
            return original(force_restart=force_restart)
        if force_restart and cls._dispatcher is not None:
            cls._remove_dispatcher()
        cls._dispatcher = service.started()
        Config.block_update()
        return cls._dispatcher

    _OrchestratorFactory._build_dispatcher = classmethod(build)
    _OrchestratorFactory._build_orchestrator()


def use_dispatcher(dispatcher: RunningDispatcher) -> None:
    """Make Taipy stop this dispatcher when the orchestrator stops."""
    _OrchestratorFactory._dispatcher = dispatcher


def is_taken_over() -> bool:
    """Whether a service has replaced Taipy's dispatcher."""
    return vars(_Orchestrator)["submit"] is _served["submit"]


def end_former_jobs(ids: Iterable[str]) -> None:
    """Cancel jobs that an earlier run of the program left, if they are still stored."""
    manager = _JobManagerFactory._build_manager()
    for id in ids:
        job = stored_job(id) if manager._repository._exists(id) else None
        if job is not None and not job._is_finished():
            unlock_outputs(job)
            set_status(job, "CANCELED")

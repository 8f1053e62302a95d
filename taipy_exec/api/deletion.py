"""Delete entities: first their rows, in one transaction, then their generated files."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from taipy_exec.api.entities import find, find_data_node, instances
from taipy_exec.api.job import Job
from taipy_exec.api.registry import Registry
from taipy_exec.api.service import Service
from taipy_exec.api.task import Task
from taipy_exec.config.mapped import whole_name
from taipy_exec.config.typed_text import Scope
from taipy_exec.data.memory import Memory
from taipy_exec.data.node import DataNodeRef, Owner, locate
from taipy_exec.data.registry import storage_type
from taipy_exec.engine.admission import supersede
from taipy_exec.engine.instances import instance_nodes
from taipy_exec.errors import (
    DeletingPrimaryScenario,
    JobNotDeletedException,
    ModelNotFound,
    SubmissionNotDeletedException,
)
from taipy_exec.execution.line_times import times_path
from taipy_exec.model.job import SubmissionRecord
from taipy_exec.model.status import Reason
from taipy_exec.store.logs import log_path
from taipy_exec.store.rows import Instance
from taipy_exec.wiring import revoke

log = logging.getLogger("taipy_exec")


def delete(entity_id: str) -> None:
    """Delete an entity, and everything that belongs only to it.

    With a scenario go its submissions and its own data nodes; with the last scenario of a cycle
    goes the cycle. With a cycle go its scenarios and their shared data nodes. With a submission or
    a task go its jobs. With a data node go its records, and its value if the path is generated.
    Tasks and data nodes of a scenario come from the configuration, and exist as long as the
    scenario.

    Raises ModelNotFound if there is no such entity, DeletingPrimaryScenario if other scenarios of
    its cycle would be left without a primary one, SubmissionNotDeletedException or
    JobNotDeletedException if jobs have not ended. In these cases nothing is deleted.
    """
    entity = find(entity_id)
    if entity is None:
        raise _missing(entity_id)
    if entity.group == "scenario":
        _delete_instances(partial(_scenario, entity_id))
    elif entity.group == "cycle":
        _delete_instances(partial(_cycle, entity_id))
    elif entity.group == "submission":
        _delete_submissions(partial(_submission, entity_id))
    elif entity.group == "sequence":
        entity._scenario.remove_sequences([entity.name])
    elif entity.group == "task":
        _delete_jobs(partial(_jobs_of_task, entity))
    elif entity.group == "job":
        delete_job(entity)
    else:
        _delete_data_node(entity_id)


def delete_job(job: Job | str, force: bool | None = False) -> None:
    """Delete a job whose submission has ended.

    `force` also deletes a job of an interrupted submission, whose other jobs are then CANCELED.
    Raises JobNotDeletedException for jobs of running submissions, ModelNotFound if there is no
    such job.
    """
    id = job if isinstance(job, str) else job.id
    found = find(id)
    if found is None:
        raise _missing(id)
    if force:
        _give_up([Service.latest().store.submission(found.submit_id)])
    _delete_jobs(lambda: [id])


def delete_jobs() -> None:
    """Delete every job. Raises JobNotDeletedException if a submission has not ended."""

    def every() -> list[str]:
        store = Service.latest().store
        records = [record for record in _records() if record.program is None]
        return [job.id for record in records for job in store.jobs(record.id)]

    _delete_jobs(every)


def clean_all_entities(version_number: str | None) -> bool:
    """Delete everything, also the generated files. There is one version, with any name.

    The result is False, with a warning, for any name except `all`, `latest`, `development`,
    `experiment` and the `version_number` of the configuration. Raises
    SubmissionNotDeletedException if jobs have not ended; nothing is deleted then.
    """
    service = Service.latest()
    own = service.app.core.version_number
    known = {"", "all", "latest", "development", "dev", "experiment", "default", own, None}
    if version_number not in known:
        log.warning("there is no version %r: nothing was deleted", version_number)
        return False
    _delete_instances(instances)
    nobody = Owner(instance="")
    configs = [c for c in service.app.data_nodes.values() if c.scope is not Scope.SCENARIO]
    nodes = [("", locate(service.app, c, nobody)) for c in configs if c.id != "default"]
    _remove_nodes(nodes, _owners_left)
    service.store.forget_nodes(lambda: [] if instances() else service.store.global_nodes())
    return True


# -- what will be deleted, as found within the transaction ---------------------------------------


def _scenario(id: str) -> list[Instance]:
    store = Service.latest().store
    found = [instance for instance in instances() if instance.id == id]
    if not found:
        raise _missing(id)
    (instance,) = found
    if instance.is_primary and len(store.instances_of_cycle(instance.cycle)) > 1:
        raise DeletingPrimaryScenario(
            f"Scenario {id}, which has config id {instance.scenario}, is primary and there are "
            "other scenarios in the same cycle. ",
            "make another one primary with set_primary first, or delete the cycle",
        )
    return found


def _cycle(id: str) -> list[Instance]:
    found = Service.latest().store.instances_of_cycle(id)
    if not found:
        raise _missing(id)
    return found


def _submission(id: str) -> list[SubmissionRecord]:
    records = [record for record in _records() if record.id == id]
    if not records:
        raise _missing(id)
    return records


def _jobs_of_task(task: Task) -> list[str]:
    found = []
    store = Service.latest().store
    for record in _records():
        jobs = [job for job in store.jobs(record.id) if whole_name(job.task) == task.config_id]
        submission = find(record.id) if jobs else None
        if submission and submission.entity._scenario._task(task.config_id) == task:
            found += [job.id for job in jobs]
    return found


def _records() -> list[SubmissionRecord]:
    return Service.latest().store.submissions()


# -- removing -----------------------------------------------------------------------------------


def _delete_instances(choose: Callable[[], Sequence[Instance]]) -> None:
    """Delete scenario instances with their submissions, and then their files."""
    service = Service.latest()
    store = service.store
    _give_up(record for i in choose() for record in store.submissions_of(i.id))
    gone: list[Instance] = []

    def going() -> tuple[list[str], list[str]]:
        gone[:] = choose()
        records = [record for i in gone for record in store.submissions_of(i.id)]
        _refuse_unfinished(records)
        return [record.id for record in records], [instance.id for instance in gone]

    submissions, scenarios = store.remove(going, (), time.time())
    _forget([*submissions, *scenarios])
    _remove_logs(submissions)
    nodes = [pair for instance in gone for pair in _nodes_of(service, instance)]
    for owner, node in nodes:
        if not owner:
            # It exists with or without a scenario that uses it.
            service.store.add_global_node(node.id, time.time())
    _remove_nodes([pair for pair in nodes if pair[0]], _owners_left)


def _delete_submissions(choose: Callable[[], Sequence[SubmissionRecord]]) -> None:
    _give_up(choose())

    def going() -> tuple[list[str], list[str]]:
        records = choose()
        _refuse_unfinished(records)
        return [record.id for record in records], []

    submissions, _ = Service.latest().store.remove(going, (), time.time())
    _forget(submissions)
    _remove_logs(submissions)


def _delete_jobs(choose: Callable[[], Sequence[str]]) -> None:
    service = Service.latest()
    found: dict[str, str] = {}

    def going() -> Sequence[str]:
        wanted = choose()
        found.update((job, service.store.find_job(job).submission) for job in wanted)
        for job in wanted:
            record = service.store.submission(found[job])
            if record.finished_at is None:
                raise JobNotDeletedException(
                    f"Job: {job} is not deleted: its submission, {record.id}, has not ended",
                    "wait until it has, or cancel its jobs with cancel_job",
                )
        return wanted

    jobs = service.store.remove_jobs(going)
    _forget(found.values())
    for job in jobs:
        log = log_path(service.store.folder, found[job], job)
        for path in (log, times_path(log)):
            path.unlink(missing_ok=True)


def _delete_data_node(id: str) -> None:
    node = find_data_node(id)
    if node is None:
        raise _missing(id)
    _remove_nodes([(node.owner_id or "", node._ref)], set)


def _give_up(records: Iterable[SubmissionRecord]) -> None:
    """Cancel the unfinished jobs of interrupted submissions."""
    service = Service.latest()
    for record in records:
        if service.store.is_interrupted(record):
            supersede(service.store, record, None, partial(revoke, service.app), Reason.CANCELED)
        elif record.coordinator is not None and not _is_worked_on(record):
            # In cluster mode, its process may have died before its queues were deleted.
            revoke(service.app, record, (), True)


def _refuse_unfinished(records: Iterable[SubmissionRecord]) -> None:
    for record in records:
        if record.finished_at is None:
            raise SubmissionNotDeletedException(
                f"Submission: {record.id} is not deleted: its jobs have not ended",
                "wait until they have, or cancel them with cancel_job",
            )


def _is_worked_on(record: SubmissionRecord) -> bool:
    return Service.latest().store.is_alive(record.coordinator)


def _nodes_of(service: Service, instance: Instance) -> list[tuple[str, DataNodeRef]]:
    """The data nodes of an instance with their owners, by the current configuration."""
    app = service.app
    scenario = app.real_scenarios.get(instance.scenario)
    refs = list(instance_nodes(app, scenario, instance).values()) if scenario else []
    if instance.cycle:
        # Also the nodes of other scenarios, which may have been deleted before.
        shared = [c for c in app.data_nodes.values() if c.scope is Scope.CYCLE]
        owner = Owner(instance=instance.id, cycle=instance.cycle)
        refs += [locate(app, config, owner) for config in shared if config.id != "default"]
    owners = {Scope.SCENARIO: instance.id, Scope.CYCLE: instance.cycle, Scope.GLOBAL: ""}
    return [(owners[ref.config.scope], ref) for ref in refs]


def _owners_left() -> set[str]:
    """The owners whose data stays: instances, cycles, and "" (all) if any instance is left."""
    return {owner for i in instances() for owner in (i.id, i.cycle, "")}


def _remove_nodes(nodes: Iterable[tuple[str, DataNodeRef]], owners: Callable[[], set[str]]) -> None:
    """Remove the generated files and the records of data nodes with none of these owners.

    Runs within a transaction, so a submission in the same cycle comes before or after it.
    """

    def remove() -> Iterator[str]:
        left = owners()
        for owner, node in nodes:
            if owner not in left and _remove_value(node):
                yield node.id

    Service.latest().store.forget_nodes(remove)


def _remove_value(node: DataNodeRef) -> bool:
    """Remove the value if its path is generated. False, and a warning, if that is impossible."""
    storage = storage_type(node.config.storage_type)
    if isinstance(storage, Memory):
        storage.forget(node)
    if node.is_generated and node.path is not None:
        try:
            node.path.unlink(missing_ok=True)
        except OSError as error:
            log.warning(
                "%s cannot be removed: %s; taipy-exec clean --data tries again",
                node.path,
                error.strerror,
            )
            return False
    return True


def _remove_logs(submissions: Iterable[str]) -> None:
    folder = Service.latest().store.folder
    for id in submissions:
        shutil.rmtree(log_path(folder, id, "job").parent, ignore_errors=True)


def _forget(ids: Iterable[str]) -> None:
    for id in ids:
        Registry.forget(id)


def _missing(id: str) -> ModelNotFound:
    return ModelNotFound(f"there is no entity {id}", "list them with get_scenarios or similar")

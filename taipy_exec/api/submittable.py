"""The common base of scenarios, sequences and tasks: submit and subscribe."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from taipy_exec.api.data_node import DataNode
from taipy_exec.api.entity import Entity
from taipy_exec.api.job import Job
from taipy_exec.api.notebook import table_html
from taipy_exec.api.properties import encoded
from taipy_exec.api.reasons import DataNodeEditInProgress, DataNodeIsNotWritten, ReasonCollection
from taipy_exec.api.registry import Callback, Registry, Subscriber
from taipy_exec.api.service import Service
from taipy_exec.api.submission import ENTITY, OURS, Submission
from taipy_exec.config.application import ScenarioConfig, TaskConfig
from taipy_exec.errors import (
    NonExistingScenario,
    NonExistingScenarioConfig,
    NotFoundError,
    SubmissionFailed,
)
from taipy_exec.model.graph import JobGraph, build_graph
from taipy_exec.model.job import JobRecord
from taipy_exec.model.status import Status, SubmissionStatus
from taipy_exec.store.rows import Instance

if TYPE_CHECKING:
    from taipy_exec.api.scenario import Scenario
    from taipy_exec.engine.plan import SubmissionPlan

log = logging.getLogger("taipy_exec")


class Submittable(Entity):
    """A scenario, a sequence or a task. `_scenario` is the scenario of its data nodes."""

    entity_type: str
    config_id: str
    _scenario: Scenario

    def submit(
        self,
        callbacks: Sequence[Callback] | None = None,
        force: bool = False,
        wait: bool = False,
        timeout: float | None = None,
        *,
        raise_on_failure: bool = False,
        **properties: Any,
    ) -> Submission:
        """Create the jobs and run them, or queue them if the mode has a queue.

        `callbacks` get each job at each change of its status. With `wait`, return when no job can
        run any more, or after `timeout` seconds; nothing is raised then. With `raise_on_failure`,
        wait too, and raise SubmissionFailed if it FAILED or was CANCELED.

        Raises NonExistingScenario if the scenario was deleted, NonExistingScenarioConfig if it is
        not configured any more, UsageError for a property that cannot be stored, and BusyError
        while another process works on the same data.
        """
        service = Service.get()
        made, plan = self._stored(service, callbacks, force, properties)
        service.hand_over(plan)
        if wait or raise_on_failure:
            made.wait(timeout)
        if raise_on_failure:
            made.raise_for_status()
            if made.submission_status is SubmissionStatus.BLOCKED and timeout is None:
                raise SubmissionFailed(
                    f"{made.id} cannot continue: a job waits for a data node that has no value",
                    "write it, and submit again",
                )
        return made

    def _stored(
        self,
        service: Service,
        callbacks: Sequence[Callback] | None,
        force: bool,
        properties: dict[str, Any],
        ours: Mapping[str, object] | None = None,
    ) -> tuple[Submission, SubmissionPlan]:
        """A submission that is stored and not handed over yet; `ours` goes into its row."""
        config, instance = _configured(service, self._scenario)
        calls = [
            *(Subscriber(callback, []) for callback in reversed(list(callbacks or ()))),
            *(Subscriber(s.callback, [*s.params, self]) for s in self.subscribers),
        ]
        plan = service.new_submission(
            config,
            instance,
            self._target,
            force=force,
            callbacks=[self._caller(calls, force, service)] if calls else [],
            properties={**_kept(properties, self), **(ours or {})},
        )
        made = Submission(plan.record, self, plan.jobs, service)
        Registry.submissions[made.id] = made
        made.keep(properties)
        return made, plan

    def _caller(
        self, calls: Sequence[Subscriber], force: bool, service: Service
    ) -> Callable[[JobRecord, Status], None]:
        """The function that the service calls at each change of a job's status."""

        def call(record: JobRecord, status: Status) -> None:
            job = Job(record, self, force, service, status)
            for callback, params in calls:
                try:
                    callback(*params, job)
                except Exception:
                    log.exception("callback %r raised for job %s", callback, job.id)

        return call

    # -- subscribers ------------------------------------------------------------------------

    @property
    def subscribers(self) -> list[Subscriber]:
        """The subscribers of this process, in the order of subscription."""
        return Registry.subscribers.get(self.id, [])

    def subscribe(self, callback: Callback, params: Iterable[Any] | None = None) -> None:
        """Call `callback(*params, self, job)` at each change of a job's status.

        The jobs are those of submissions that this process makes from now on.
        """
        subscribers = Registry.subscribers.setdefault(self.id, [])
        subscribers.append(Subscriber(callback, list(params or ())))

    def unsubscribe(self, callback: Callback, params: Iterable[Any] | None = None) -> None:
        """End a subscription. Raises ValueError if there is none."""
        wanted = None if params is None else list(params)
        for entry in self.subscribers:
            if entry.callback == callback and (wanted is None or entry.params == wanted):
                self.subscribers.remove(entry)
                return
        raise ValueError(f"{callback} is not subscribed")

    # -- tasks and data nodes ---------------------------------------------------------------

    @property
    def _target(self) -> str:
        """The target of its submissions: the scenario or a part of it."""
        raise NotImplementedError

    @property
    def _task_configs(self) -> Sequence[TaskConfig]:
        """The configurations of its tasks."""
        raise NotImplementedError

    def _graph(self) -> JobGraph:
        return build_graph([task.spec for task in self._task_configs])

    def _nodes(self, names: Iterable[str]) -> dict[str, DataNode]:
        return {name: self._scenario.data_nodes[name] for name in names}

    def get_inputs(self) -> set[DataNode]:
        """The data nodes that are read and not written here."""
        return set(self._nodes(self._graph().inputs).values())

    def get_outputs(self) -> set[DataNode]:
        """The data nodes that are written and not read here."""
        return set(self._nodes(self._graph().outputs).values())

    def get_intermediate(self) -> set[DataNode]:
        """The data nodes that are written and read here."""
        return set(self._nodes(self._graph().intermediate).values())

    def data_nodes_being_edited(self) -> set[DataNode]:
        """The data nodes of its tasks that an editor has locked, or that a job will write."""
        names = dict.fromkeys(n for t in self._task_configs for n in (*t.input_ids, *t.output_ids))
        return {node for node in self._nodes(names).values() if node.edit_in_progress}

    def is_ready_to_run(self) -> ReasonCollection:
        """Whether every input has a value and is not edited, with the reasons if not."""
        reasons = ReasonCollection()
        for node in self._nodes(self._graph().inputs).values():
            if node.edit_in_progress:
                reasons.add(node.id, DataNodeEditInProgress(node.id))
            if not node.is_written:
                reasons.add(node.id, DataNodeIsNotWritten(node.id))
        return reasons

    # -- notebooks --------------------------------------------------------------------------

    def _repr_html_(self) -> str:
        from taipy_exec.api.entities import latest_submission

        last = latest_submission(self)
        if last is not None:
            return last._repr_html_()
        return table_html(self._shown_name, None, (), self._graph(), Service.latest().redact)

    @property
    def _shown_name(self) -> str:
        """Its name for people."""
        named = self._scenario.name
        return f"{self.config_id} / {named}" if named else self.config_id


def _configured(service: Service, scenario: Scenario) -> tuple[ScenarioConfig, Instance]:
    """The configuration in use of an existing scenario, and its stored record."""
    try:
        instance = service.store.instance(scenario.id)
    except NotFoundError:
        raise NonExistingScenario(
            f"{scenario.id} was deleted", "create another one with create_scenario"
        ) from None
    config = service.app.real_scenarios.get(scenario.config_id)
    if config is None:
        raise NonExistingScenarioConfig(
            f"{scenario.id} cannot be submitted: the scenario {scenario.config_id!r} is not in "
            "the configuration",
            "restore its configuration, or delete its entities with delete",
        )
    return config, instance


def _kept(properties: dict[str, Any], entity: Submittable) -> dict[str, object]:
    """The properties that the submission's row can hold, with the submitted entity.

    The entity follows from the target, except for sequences that programs have made.
    """
    texts = {name: encoded(name, value) for name, value in properties.items()}
    kept: dict[str, object] = {
        name: properties[name]
        for name, text in texts.items()
        if name not in OURS and json.loads(text) == properties[name]
    }
    if entity.entity_type == "SEQUENCE":
        kept[ENTITY] = entity.id
    return kept

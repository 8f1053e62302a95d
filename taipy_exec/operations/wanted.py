"""A request to submit: as it was typed, and once it is checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from taipy_exec.engine.forecast import Forecast, forecast, together
from taipy_exec.engine.sweep import (
    Combination,
    check_swept,
    combinations,
    shared_nodes,
    shared_tasks,
)
from taipy_exec.errors import UsageError
from taipy_exec.operations.application import (
    choose_target,
    cycle_day,
    load_compiled,
    refuse_to_fail,
)
from taipy_exec.operations.given_values import given_values
from taipy_exec.operations.swept_values import swept_values
from taipy_exec.store.store import Store

if TYPE_CHECKING:
    from taipy_exec.config.application import AppConfig, ScenarioConfig
    from taipy_exec.operations.listener import Listener
    from taipy_exec.operations.location import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitRequest:
    """The options of `submit` and `plan`; None means that an option was not given.

    `values` are texts NODE=VALUE, `sweep` texts NODE=VALUE,VALUE; without them the environment's
    apply. `creation_date` is a local time in the wanted cycle. `dry_run`: nothing will be stored.
    """

    scenario: str | None = None
    sequence: str | None = None
    task: str | None = None
    mode: str | None = None
    workers: int | None = None
    values: Sequence[str] | None = None
    sweep: Sequence[str] | None = None
    name: str | None = None
    creation_date: datetime | None = None
    new: bool = False
    force: bool = False
    fail_fast: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A checked request. `given` are the values of `--set`, `name` names the instance.

    `combinations` are those of a sweep; empty without one.
    """

    app: AppConfig
    scenario: ScenarioConfig
    target: str
    name: str
    given: Mapping[str, Any] = field(default_factory=dict)
    combinations: Sequence[Combination] = ()
    created: datetime | None = None
    new: bool = False
    force: bool = False
    fail_fast: bool = False

    def forecasts(self) -> list[Forecast]:
        """One forecast, or one for each combination; tasks that all share run in the first one."""
        runs = self.combinations or [Combination(name=self.name, values={})]
        shared = self._shared() if self.combinations else frozenset()
        elsewhere: dict[str, str] = {}
        found = []
        for one in runs:
            of_one = forecast(
                self.app,
                self.scenario,
                self.target,
                one.name,
                force=self.force,
                new=self.new,
                created=self.created,
                given=self.given,
                swept=one.values,
                elsewhere=elsewhere,
            )
            found.append(of_one)
            for job in of_one.jobs:
                if job.action == "run" and job.task in shared:
                    elsewhere[job.task] = f"runs once, in {one.name}"
        return found

    def all_together(self, forecasts: Sequence[Forecast]) -> Forecast:
        """The forecasts of all combinations as one: they run at the same time."""
        return together(self.app, self.scenario, self.target, forecasts, self._shared())

    def _shared(self) -> frozenset[str]:
        """The tasks that do the same in every combination."""
        graph = self.scenario.graph(self.target)
        return shared_tasks(graph, shared_nodes(self.app, self.scenario))


def wanted_submission(location: Location, request: SubmitRequest, listener: Listener) -> Wanted:
    """Load the application and check the request, before anything is stored or started.

    Raises ConfigurationError with every problem, also if a job is sure to run and to fail;
    StoreError if the state cannot be stored; NotFoundError for an unknown scenario, sequence, task
    or data node; UsageError for options that do not go together.
    """
    compiled = load_compiled(
        location, mode=request.mode, workers=request.workers, tell=listener.warn
    )
    app = compiled.config
    scenario = app.scenario(request.scenario)
    target = choose_target(scenario, request.sequence, request.task)
    given = given_values(request.values, scenario)
    created = cycle_day(listener, scenario, request.creation_date)
    wanted = Wanted(
        app=app,
        scenario=scenario,
        target=target,
        name=request.name or scenario.id,
        given=given,
        combinations=_combinations(app, scenario, target, request, given),
        created=created,
        new=request.new,
        force=request.force,
        fail_fast=request.fail_fast,
    )
    if not request.dry_run:
        Store.refuse_unwritable(app.state_dir)
    refuse_to_fail(listener, compiled, scenario, target, wanted.forecasts)
    return wanted


def _combinations(
    app: AppConfig,
    scenario: ScenarioConfig,
    target: str,
    request: SubmitRequest,
    given: Mapping[str, Any],
) -> Sequence[Combination]:
    swept = swept_values(request.sweep)
    if not swept:
        return ()
    check_swept(app, scenario, target, swept)
    for node in swept:
        if node in given:
            raise UsageError(
                f"--set and --sweep both give data node {node} a value", "give one of them"
            )
    return combinations(swept, request.name)

"""Sweeps from Python: `tp.sweep` submits a scenario once for each combination of values."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from taipy_exec.api.registry import Callback
from taipy_exec.api.scenario import Scenario
from taipy_exec.api.service import Service
from taipy_exec.api.submission import Submission
from taipy_exec.config.application import ScenarioConfig
from taipy_exec.engine.given import due_values, is_json, with_given
from taipy_exec.engine.instances import instance_nodes, named_instance
from taipy_exec.engine.plan import SubmissionPlan
from taipy_exec.engine.sweep import check_swept, combinations, new_group, with_copies, with_sweep
from taipy_exec.errors import SubmissionFailed, UsageError
from taipy_exec.model.status import SubmissionStatus

# The status of a sweep is the first of these that one of its submissions has.
_WORST_FIRST = (
    SubmissionStatus.FAILED,
    SubmissionStatus.CANCELED,
    SubmissionStatus.UNDEFINED,
    SubmissionStatus.RUNNING,
    SubmissionStatus.PENDING,
    SubmissionStatus.BLOCKED,
    SubmissionStatus.SUBMITTED,
)
_NAMED = 3


class Sweep(Sequence[Submission]):
    """The submissions of a sweep, in the order of the combinations; `id` is the id of the sweep.

    `scenarios` and `values` have the scenario and the values of each, in the same order.
    """

    def __init__(
        self,
        id: str,
        submissions: Sequence[Submission],
        scenarios: Sequence[Scenario],
        values: Sequence[Mapping[str, Any]],
    ) -> None:
        self.id = id
        self.submissions = list(submissions)
        self.scenarios = list(scenarios)
        self.values = [dict(one) for one in values]

    def __iter__(self) -> Iterator[Submission]:
        return iter(self.submissions)

    def __len__(self) -> int:
        return len(self.submissions)

    def __getitem__(self, index: Any) -> Any:
        return self.submissions[index]

    def __repr__(self) -> str:
        return f"<Sweep {self.id} {self.status.name}: {len(self)} submissions>"

    @property
    def status(self) -> SubmissionStatus:
        """COMPLETED if all are. If not, the worst: FAILED, CANCELED, RUNNING, PENDING, BLOCKED."""
        found = {submission.submission_status for submission in self.submissions}
        return next((one for one in _WORST_FIRST if one in found), SubmissionStatus.COMPLETED)

    def wait(self, timeout: float | None = None) -> bool:
        """Block until all have ended, or no job can run; return whether all have ended.

        `timeout` is in seconds, for all of them together.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        ended = []
        for submission in self.submissions:
            left = None if deadline is None else max(deadline - time.monotonic(), 0.0)
            ended.append(submission.wait(left))
        return all(ended)

    def raise_for_status(self) -> None:
        """Raise SubmissionFailed if one FAILED, was CANCELED, or was abandoned with another one.

        Submissions that still run raise nothing.
        """
        failed = []
        for scenario, submission in zip(self.scenarios, self.submissions, strict=True):
            try:
                submission.raise_for_status()
            except SubmissionFailed as error:
                failed.append(f"{scenario.name}: {error.message}")
        # Failed submissions are named before those that did not run because of them.
        for scenario, submission in zip(self.scenarios, self.submissions, strict=True):
            if submission.submission_status is SubmissionStatus.UNDEFINED:
                failed.append(f"{scenario.name}: {submission.id} was abandoned")
        if failed:
            more = f"; and {len(failed) - _NAMED} more" if len(failed) > _NAMED else ""
            raise SubmissionFailed(
                f"{len(failed)} of {len(self)} combinations did not complete: "
                f"{'; '.join(failed[:_NAMED])}{more}",
                "the same sweep again runs what is left",
            )


def sweep(
    config: ScenarioConfig,
    values: Mapping[str, Iterable[Any]],
    callbacks: Sequence[Callback] | None = None,
    force: bool = False,
    wait: bool = False,
    timeout: float | None = None,
    *,
    name: str | None = None,
    creation_date: dt.datetime | None = None,
    new: bool = False,
    raise_on_failure: bool = False,
    **properties: Any,
) -> Sweep:
    """Submit a scenario once for each combination of values; all of them run at the same time.

    `values` has a list for each data node that is swept. Each combination has a scenario of its
    own, named by its values (after `name`, if given), which the next sweep with these values takes
    again unless `new`. A task whose inputs and outputs all combinations share runs once. The other
    arguments are those of `submit`.

    Raises NotFoundError and UsageError for what cannot be swept, DataError for a value that cannot
    be written, and the errors of `submit`. In these cases nothing runs.
    """
    service = Service.get()
    frozen = service.app.scenario(config.id)
    lists = {node: _listed(node, given) for node, given in values.items()}
    check_swept(service.app, frozen, "scenario", lists)
    chosen = combinations(lists, name)
    scenarios = [
        Scenario(
            service,
            named_instance(
                service.store, service.app, frozen, one.name, new=new, created=creation_date
            ),
        )
        for one in chosen
    ]
    due = [
        due_values(instance_nodes(service.app, frozen, scenario._instance), one.values)
        for one, scenario in zip(chosen, scenarios, strict=True)
    ]
    # A submission keeps values as JSON only, so any other value is written before it is stored.
    for scenario, values_due in zip(scenarios, due, strict=True):
        for node, value in values_due.items():
            if not is_json(value):
                scenario.data_nodes[node].write(value)
    group = new_group()
    attempts = []
    for place, (one, scenario) in enumerate(zip(chosen, scenarios, strict=True)):
        kept = with_given({n: v for n, v in due[place].items() if is_json(v)})
        ours = {**kept, **with_sweep(group, place, one.values)}
        attempts.append(partial(scenario._stored, service, callbacks, force, properties, ours))
    submissions, plans = _stored_together(service, attempts)
    service.hand_over(*with_copies(service.app, plans))
    found = Sweep(group, submissions, scenarios, [one.values for one in chosen])
    if wait or raise_on_failure:
        found.wait(timeout)
    if raise_on_failure:
        found.raise_for_status()
    return found


def _stored_together(
    service: Service, attempts: Iterable[Callable[[], tuple[Submission, SubmissionPlan]]]
) -> tuple[list[Submission], list[SubmissionPlan]]:
    """All submissions, with their values written; if one cannot be stored, none of them stays."""
    submissions: list[Submission] = []
    plans: list[SubmissionPlan] = []
    try:
        for attempt in attempts:
            made, plan = attempt()
            submissions.append(made)
            plans.append(plan)
        for plan in plans:
            service.write_given(plan)
    except BaseException:
        for plan in plans:
            service.give_up(plan)
        raise
    return submissions, plans


def _listed(node: str, given: Iterable[Any]) -> list[Any]:
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        raise UsageError(
            f"the values of data node {node} are no list: {given!r}", f'give {{"{node}": [7, 14]}}'
        )
    return list(given)

"""The combinations of `submit --sweep`, checked before anything is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from taipy_exec.engine.sweep import Combination, check_swept, combinations
from taipy_exec.errors import UsageError
from taipy_exec.operations.swept_values import swept_values

if TYPE_CHECKING:
    from datetime import datetime

    from taipy_exec.config.application import AppConfig, ScenarioConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedSweep:
    """The options of `submit --sweep`. `given` are the values of `--set`."""

    scenario: ScenarioConfig
    target: str
    combinations: Sequence[Combination]
    given: Mapping[str, Any]
    created: datetime | None
    new: bool
    force: bool
    fail_fast: bool


def wanted_sweep(
    app: AppConfig,
    sweep: Sequence[str] | None,
    *,
    scenario: ScenarioConfig,
    target: str,
    name: str | None,
    given: Mapping[str, Any],
    created: datetime | None,
    new: bool,
    force: bool,
    fail_fast: bool,
) -> WantedSweep | None:
    """The combinations of the values that were typed; None if there are none.

    Raises UsageError and NotFoundError for data nodes that cannot be swept, and UsageError for
    values that make no sweep.
    """
    swept = swept_values(sweep)
    if not swept:
        return None
    check_swept(app, scenario, target, swept)
    for node in swept:
        if node in given:
            raise UsageError(
                f"--set and --sweep both give data node {node} a value", "give one of them"
            )
    return WantedSweep(
        scenario=scenario,
        target=target,
        combinations=combinations(swept, name),
        given=given,
        created=created,
        new=new,
        force=force,
        fail_fast=fail_fast,
    )

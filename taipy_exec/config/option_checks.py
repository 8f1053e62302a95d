"""Check the options of tasks and the pools that they name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from taipy_exec.config.application import AppConfig, TaskConfig
from taipy_exec.config.mapped import MAP
from taipy_exec.config.problem import nearest
from taipy_exec.config.run_options import OPTIONS, WANTED


def option_problems(app: AppConfig) -> Iterator[tuple[str, str, str, str, Any]]:
    """The problems, each as (section, id, key, message, value)."""
    yield from _pool_problems(app.job.pools)
    default = app.tasks.get("default")
    for task in app.tasks.values():
        inherited = {} if default is None or task is default else default.properties
        own = {k: v for k, v in task.properties.items() if k not in inherited or v != inherited[k]}
        yield from _task_problems(app, task, own)


def _pool_problems(pools: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str, Any]]:
    for name, limit in pools.items():
        if type(limit) is not int or limit < 1:
            what = f"the limit of pool {name!r} must be a whole number of 1 or more, not {limit!r}"
            yield "JOB", "", "pools", what, limit


def _task_problems(
    app: AppConfig, task: TaskConfig, own: Mapping[str, Any]
) -> Iterator[tuple[str, str, str, str, Any]]:
    for key, take in OPTIONS.items():
        value = own.get(key)
        if value is not None and take(value) is None:
            # The environment may hold a password.
            shown = None if key == "environment" else value
            but = "" if shown is None else f", not {shown!r}"
            yield "TASK", task.id, key, f"must be {WANTED[key]}{but}", shown
    mapped = own.get(MAP)
    if mapped is not None and mapped not in task.input_ids:
        near = nearest(mapped, task.input_ids) if isinstance(mapped, str) else ""
        what = f"must be the id of one of the task's inputs{near}, not {mapped!r}"
        yield "TASK", task.id, MAP, what, mapped
    options = task.run_options
    if "pool" in own and options.pool is not None and options.pool not in app.job.pools:
        what = (
            f"there is no pool {options.pool!r}{nearest(options.pool, app.job.pools)}: "
            f"write {options.pool} = 1 under [JOB.pools]"
        )
        yield "TASK", task.id, "pool", what, options.pool
    timeout, hard = options.timeout, options.hard_timeout
    if timeout is not None and hard is not None and hard < timeout:
        what = f"{hard:g} s is less than the timeout of {timeout:g} s"
        yield "TASK", task.id, "hard_timeout", what, hard

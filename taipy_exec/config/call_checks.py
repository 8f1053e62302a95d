"""Whether the functions of tasks fit their inputs and outputs, as far as that is certain."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from taipy_exec.config.application import TaskConfig
from taipy_exec.config.called_code import (
    annotated_results,
    known_signature,
    swapped_inputs,
    wrong_arguments,
)
from taipy_exec.config.compile import Compiled
from taipy_exec.config.import_checks import failed_with
from taipy_exec.config.problem import Level, Problem
from taipy_exec.errors import ConfigurationError


def call_problems(
    compiled: Compiled, tasks: Iterable[TaskConfig], failed: Collection[str]
) -> Iterator[Problem]:
    """Functions that do not fit their tasks; their modules were imported by an earlier check.

    A function that cannot be imported is left out: that check reports it. Modules that `failed`
    there are not run again.
    """
    for task in tasks:
        function = _imported(task, failed)
        if function is None or not _is_understood(compiled, task):
            continue
        for key, message, level in _findings(task, function):
            yield compiled.merged.problem(
                "TASK", task.id, key, message, level=level, value=_value(task)
            )


def _imported(task: TaskConfig, failed: Collection[str]) -> Callable[..., Any] | None:
    """The function, unless its module has failed."""
    reference = task.function_ref
    if reference is None or failed_with(failed, reference) is not None:
        return None
    try:
        return task.function
    except ConfigurationError:
        return None


def _value(task: TaskConfig) -> str | None:
    return task.function_ref.path if task.function_ref else None


def _is_understood(compiled: Compiled, task: TaskConfig) -> bool:
    """Whether every data node that the task names exists. If not, another check reports it."""
    raw = compiled.merged.sections["TASK"][task.id]
    inputs, outputs = _listed(raw, "inputs"), _listed(raw, "outputs")
    return len(inputs) == len(task.inputs) and len(outputs) == len(task.outputs)


def _listed(raw: dict[str, Any], key: str) -> list[Any]:
    given = raw.get(key) or []
    return list(given) if isinstance(given, list | tuple) else [given]


def _findings(task: TaskConfig, function: Callable[..., Any]) -> Iterator[tuple[str, str, Level]]:
    name = _value(task)
    signature = known_signature(function)
    if signature is not None:
        wrong = wrong_arguments(signature, task.input_ids)
        swapped = swapped_inputs(signature, task.input_ids)
        if wrong:
            yield "function", f"{name} does not fit the inputs: {wrong}", Level.ERROR
        elif swapped:
            yield (
                "inputs",
                f"{', '.join(swapped)} are in a different order from the arguments of {name}"
                f"{signature.replace(return_annotation=signature.empty)}: inputs are passed by "
                "their order, not by their names",
                Level.WARNING,
            )
    promised = annotated_results(function)
    outputs = len(task.output_ids)
    if promised is None or outputs < 2 or promised[0] == outputs:
        return
    results = "one result" if promised[0] < 2 else f"{promised[0]} results"
    yield (
        "outputs",
        f"{name} is annotated to return {results} ({promised[1]}), and the task has "
        f"{outputs} outputs ({', '.join(task.output_ids)})",
        Level.WARNING,
    )

"""Every semantic check of a configuration, all at once: rules of Taipy and taipy-exec."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from taipy_exec.config.application import AppConfig, DataNodeConfig, ScenarioConfig, TaskConfig
from taipy_exec.config.cluster_checks import cluster_problems
from taipy_exec.config.compile import Compiled
from taipy_exec.config.import_checks import import_problems
from taipy_exec.config.modes import capabilities
from taipy_exec.config.option_checks import option_problems
from taipy_exec.config.path_checks import path_problems
from taipy_exec.config.problem import Level, Problem, nearest
from taipy_exec.config.server_checks import server_problems
from taipy_exec.config.sql_checks import sql_problems
from taipy_exec.config.table_checks import table_problems
from taipy_exec.config.vocabulary import (
    NODE_RESERVED,
    SCENARIO_ATTRIBUTES,
    STORAGE_PROPERTIES,
)
from taipy_exec.config.watch_checks import watch_problems
from taipy_exec.errors import CycleError
from taipy_exec.model.graph import build_graph


def check(
    compiled: Compiled,
    *,
    modes: Mapping[str, str | None],
    storage_types: Collection[str],
    imports: bool = True,
) -> list[Problem]:
    """All problems: those of the compilation and those found here, in the file's order.

    `modes` maps each known mode to None, or to a sentence that says why it cannot be used. With
    `imports` the functions and classes are also imported, which runs the code of the
    application's modules.
    """
    report = _Reporter(compiled)
    config = compiled.config
    report.problems.extend(check_running(compiled, modes))
    report.problems.extend(cluster_problems(compiled))
    report.problems.extend(sql_problems(compiled))
    report.problems.extend(path_problems(compiled))
    _check_core(report, config)
    _check_ids(report, config)
    for node in config.data_nodes.values():
        _check_data_node(report, config, node, storage_types)
        report.problems.extend(server_problems(compiled, node))
    for task in config.tasks.values():
        if task.id != "default":
            _check_task(report, compiled, task)
    for scenario in config.real_scenarios.values():
        _check_scenario(report, compiled, scenario)
    if imports:
        report.problems.extend(import_problems(compiled))
    return in_order(compiled, [*compiled.problems, *report.problems])


def in_order(compiled: Compiled, found: Iterable[Problem]) -> list[Problem]:
    """The problems in the order of the files and their lines."""
    files = [str(file.path) for file in compiled.merged.files]
    return sorted(
        found,
        key=lambda p: (files.index(p.file) if p.file in files else -1, p.line or 0),
    )


def check_running(compiled: Compiled, modes: Mapping[str, str | None]) -> list[Problem]:
    """Check how jobs will run: the mode, and the options of [JOB] and of tasks."""
    report = _Reporter(compiled)
    _check_job(report, compiled.config, modes)
    for section, id, key, message, value in option_problems(compiled.config):
        report.error(section, id, key, message, value)
    return [*report.problems, *watch_problems(compiled)]


class _Reporter:
    def __init__(self, compiled: Compiled) -> None:
        self._merged = compiled.merged
        self.problems: list[Problem] = []

    def error(
        self, section: str, id: str, key: str | None, message: str, value: object = None
    ) -> None:
        self.problems.append(self._merged.problem(section, id, key, message, value=value))

    def warning(
        self, section: str, id: str, key: str | None, message: str, value: object = None
    ) -> None:
        self.problems.append(
            self._merged.problem(section, id, key, message, level=Level.WARNING, value=value)
        )


def _check_job(report: _Reporter, config: AppConfig, modes: Mapping[str, str | None]) -> None:
    mode = config.job.mode
    if mode not in modes:
        known = ", ".join(name for name, why in modes.items() if why is None)
        report.error(
            "JOB", "", "mode", f"unknown mode {mode!r}; use {known}{nearest(mode, modes)}", mode
        )
    elif modes[mode]:
        report.error("JOB", "", "mode", str(modes[mode]), mode)


def _check_core(report: _Reporter, config: AppConfig) -> None:
    core = config.core
    if core.repository_type not in ("filesystem", "sql"):
        report.warning(
            "CORE",
            "",
            "repository_type",
            f"{core.repository_type!r} is neither filesystem nor sql; it is not used here",
            core.repository_type,
        )
    if core.mode not in ("development", "experiment", "production"):
        report.error(
            "CORE",
            "",
            "mode",
            f"unknown version mode {core.mode!r}; use development or experiment",
            core.mode,
        )
    parts = core.core_version.split(".")
    if len(parts) >= 3 and all(part.isdigit() for part in parts[:2]) and parts[:2] != ["4", "1"]:
        report.error(
            "CORE",
            "",
            "core_version",
            f"the file is of Taipy {core.core_version}; taipy-exec reads files of Taipy 4.1",
            core.core_version,
        )


def _check_ids(report: _Reporter, config: AppConfig) -> None:
    sections = {
        "DATA_NODE": config.data_nodes,
        "TASK": config.tasks,
        "SCENARIO": config.scenarios,
    }
    counts = Counter(id for entries in sections.values() for id in entries if id != "default")
    for section, entries in sections.items():
        for id in entries:
            if counts[id] > 1:
                others = [s for s, found in sections.items() if id in found and s != section]
                report.error(
                    section, id, None, f"the id {id!r} is also used in {' and '.join(others)}", id
                )
    for id in config.data_nodes:
        if id in NODE_RESERVED:
            report.error(
                "DATA_NODE", id, None, f"the id {id!r} is reserved: rename the data node", id
            )
    for id in config.tasks:
        if id in SCENARIO_ATTRIBUTES:
            report.error("TASK", id, None, f"the id {id!r} is reserved: rename the task", id)


# Common wrong names of storage types, with the right names.
_MEANT = {
    "xls": "excel",
    "xlsx": "excel",
    "pkl": "pickle",
    "memory": "in_memory",
    "mongo": "mongo_collection",
    "mongodb": "mongo_collection",
    "s3": "s3_object",
    "function": "generic",
    "postgres": "sql_table",
    "postgresql": "sql_table",
    "mysql": "sql_table",
    "sqlite": "sql_table",
    "database": "sql_table",
}


def _meant(kind: str, storage_types: Collection[str]) -> str:
    known = _MEANT.get(kind.lower())
    return f" (did you mean {known!r}?)" if known else nearest(kind, storage_types)


def _check_data_node(
    report: _Reporter,
    config: AppConfig,
    node: DataNodeConfig,
    storage_types: Collection[str],
) -> None:
    kind = node.storage_type
    if kind not in storage_types:
        report.error(
            "DATA_NODE",
            node.id,
            "storage_type",
            f"unknown storage type {kind!r}; use {', '.join(storage_types)}"
            f"{_meant(kind, storage_types)}",
            kind,
        )
        return
    if kind == "in_memory" and not capabilities(config.job.mode).in_callers_thread:
        report.error(
            "DATA_NODE",
            node.id,
            "storage_type",
            "in_memory data nodes work in development mode only: other modes run jobs in other "
            "processes; use pickle",
            kind,
        )
    if "@" in str(node.properties.get("db_host", "")) and "db_host" in STORAGE_PROPERTIES.get(
        kind, {}
    ):
        report.error(
            "DATA_NODE",
            node.id,
            "db_host",
            "must be the name of a host: user and password belong in db_username and db_password",
        )
    if "_entity_owner" in node.properties:
        report.error(
            "DATA_NODE", node.id, "_entity_owner", "the property _entity_owner is reserved"
        )
    for key, message, value in table_problems(node):
        report.error("DATA_NODE", node.id, key, message, value)
    _check_properties(report, node)


def _check_properties(report: _Reporter, node: DataNodeConfig) -> None:
    known = STORAGE_PROPERTIES.get(node.storage_type, {})
    for key, wanted, kinds in (
        ("encoding", "a text", str),
        ("has_header", "True or False", bool),
    ):
        value = node.properties.get(key)
        if value is not None and not isinstance(value, kinds) and key in known:
            report.error("DATA_NODE", node.id, key, f"must be {wanted}, not {value!r}", value)
        elif isinstance(value, str) and "\0" in value:
            report.error("DATA_NODE", node.id, key, "must be without a NUL character", value)
    encoding = node.properties.get("encoding")
    if isinstance(encoding, str):
        try:
            "".encode(encoding)
        except LookupError:
            report.error(
                "DATA_NODE", node.id, "encoding", f"unknown text encoding {encoding!r}", encoding
            )


def _check_task(report: _Reporter, compiled: Compiled, task: TaskConfig) -> None:
    raw = compiled.merged.sections["TASK"][task.id]
    if task.function_ref is None and raw.get("function") is None:
        report.error(
            "TASK", task.id, "function", 'is missing: write function = "module.name:function"'
        )
    for key, found in (("inputs", task.inputs), ("outputs", task.outputs)):
        if not found and not raw.get(key):
            report.warning("TASK", task.id, key, f"the task has no {key}")
    names = dict.fromkeys(node.id for node in (*task.inputs, *task.outputs))
    for name in filter(task.properties.__contains__, names):
        report.error(
            "TASK", task.id, name, f"the property {name!r} has the name of a data node of the task"
        )
    both = set(task.input_ids) & set(task.output_ids)
    if both:
        used = any(task in s.tasks for s in compiled.config.real_scenarios.values())
        if not used:
            report.error(
                "TASK", task.id, None, f"reads and writes {', '.join(sorted(both))}: a cycle"
            )


def _check_scenario(report: _Reporter, compiled: Compiled, scenario: ScenarioConfig) -> None:
    raw = compiled.merged.sections["SCENARIO"][scenario.id]
    if not scenario.tasks and not raw.get("tasks"):
        report.warning("SCENARIO", scenario.id, "tasks", "the scenario has no tasks")
    _check_additional(report, scenario)
    _check_sequences(report, scenario)
    _check_comparators(report, scenario, compiled.config)
    _check_names(report, scenario)
    _check_writers(report, scenario)
    try:
        build_graph([task.spec for task in scenario.tasks])
    except CycleError as error:
        report.error("SCENARIO", scenario.id, "tasks", error.message)


def _check_additional(report: _Reporter, scenario: ScenarioConfig) -> None:
    used = {n.id for task in scenario.tasks for n in (*task.inputs, *task.outputs)}
    for node in scenario.additional_data_nodes:
        if node.id in used:
            report.warning(
                "SCENARIO",
                scenario.id,
                "additional_data_nodes",
                f"{node.id!r} is a data node of a task already",
                node.id,
            )


def _check_sequences(report: _Reporter, scenario: ScenarioConfig) -> None:
    task_ids = {task.id for task in scenario.tasks}
    for name, tasks in scenario.sequences.items():
        for task in tasks:
            if task.id not in task_ids:
                report.error(
                    "SCENARIO",
                    scenario.id,
                    "sequences",
                    f"sequence {name!r} names the task {task.id!r}, "
                    "which is not among the scenario's tasks",
                    task.id,
                )
        problem = None if not tasks else _unconnected(tasks)
        if problem:
            report.error("SCENARIO", scenario.id, "sequences", f"sequence {name!r}: {problem}")


def _check_comparators(report: _Reporter, scenario: ScenarioConfig, config: AppConfig) -> None:
    for name in scenario.comparators:
        if name not in config.data_nodes:
            report.error(
                "SCENARIO",
                scenario.id,
                "comparators",
                f"there is no data node {name!r}{nearest(name, config.data_nodes)}",
                name,
            )


def _check_names(report: _Reporter, scenario: ScenarioConfig) -> None:
    # Each once, in the order of the file: the report must not change from run to run.
    task_ids = dict.fromkeys(task.id for task in scenario.tasks)
    used = dict.fromkeys(n.id for task in scenario.tasks for n in (*task.inputs, *task.outputs))
    names = Counter([*task_ids, *used, *scenario.sequences, *scenario.properties])
    for name, times in names.items():
        if times > 1:
            report.error(
                "SCENARIO",
                scenario.id,
                None,
                f"the name {name!r} is used for two of its data nodes, tasks, sequences and "
                "properties; rename one",
                name,
            )


def _check_writers(report: _Reporter, scenario: ScenarioConfig) -> None:
    writers = Counter(node for task in scenario.tasks for node in task.output_ids)
    for node_id, times in writers.items():
        if times > 1:
            who = ", ".join(t.id for t in scenario.tasks if node_id in t.output_ids)
            report.warning(
                "SCENARIO",
                scenario.id,
                "tasks",
                f"{times} tasks write the data node {node_id!r} ({who}); they run one after "
                "the other, and the last one's value stays",
                node_id,
            )


def _unconnected(tasks: tuple[TaskConfig, ...]) -> str | None:
    """A sentence about unconnected tasks, which Taipy refuses in a sequence; None if none."""
    groups: list[tuple[set[str], set[str]]] = []
    for task in tasks:
        names, nodes = {task.id}, {*task.input_ids, *task.output_ids}
        for group in [g for g in groups if g[1] & nodes]:
            groups.remove(group)
            names |= group[0]
            nodes |= group[1]
        groups.append((names, nodes))
    if len(groups) < 2:
        return None
    apart = " and ".join("{" + ", ".join(sorted(names)) + "}" for names, _ in groups)
    return f"its tasks share no data node: {apart}"

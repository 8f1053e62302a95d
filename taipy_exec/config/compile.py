"""Compile merged layers to the frozen `AppConfig`, with every problem found on the way."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from taipy_exec.config.application import (
    AppConfig,
    CoreConfig,
    DataNodeConfig,
    JobConfig,
    ScenarioConfig,
    TaskConfig,
)
from taipy_exec.config.cluster import wrong_setting
from taipy_exec.config.digest import digest
from taipy_exec.config.entries import Entries, shown
from taipy_exec.config.layers import Layer, Merged, merge
from taipy_exec.config.problem import Level, Problem, nearest
from taipy_exec.config.reference import ClassRef, FunctionRef
from taipy_exec.config.run_options import environment
from taipy_exec.config.secrets import is_secret
from taipy_exec.config.typed_text import (
    Frequency,
    Scope,
)
from taipy_exec.config.vocabulary import (
    CACHES,
    CLUSTER_KEYS,
    CODE_CHECKS,
    KEYS,
    SCHEDULES,
    SECRET_TABLES,
    STORAGE_PROPERTIES,
)
from taipy_exec.errors import ConfigurationError

_CHOICES = {"cache": CACHES, "schedule": SCHEDULES, "check_code": CODE_CHECKS}
_LEAST = {"max_jobs_per_process": 0, "max_attempts": 1, "grace": 0, "log_limit": 0}
# A value in a message, which may have been cut after its first quote or brace.
_SHOWN_VALUE = re.compile(r"""\{.*|'.*'|".*"|['"].*""", re.DOTALL)


@dataclass(slots=True)
class Compiled:
    """The frozen configuration, the raw one that it came from, and the problems found."""

    config: AppConfig
    merged: Merged
    problems: list[Problem]

    def raise_errors(self) -> AppConfig:
        """The configuration. Raises ConfigurationError if a problem is an ERROR."""
        errors = [p for p in self.problems if p.level is Level.ERROR]
        if errors:
            more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
            raise ConfigurationError(
                f"{errors[0]}{more}",
                "taipy-exec check shows every problem" if more else None,
                problems=self.problems,
            )
        return self.config


def compile_layers(
    layers: Sequence[Layer],
    *,
    root: Path,
    state_dir: Path,
    source: Path | None = None,
    main_file: Path | None = None,
    looked_in: tuple[Path, ...] = (),
    environ: Mapping[str, str] | None = None,
) -> Compiled:
    """Merge `layers`, resolve ENV templates, inherit from `default` entries and freeze.

    Never raises for errors in the configuration: they are in `problems`.
    """
    merged = merge(list(layers))
    problems = [problem for layer in layers for problem in layer.problems]
    build = _Build(merged, problems, os.environ if environ is None else environ)
    nodes = build.data_nodes()
    tasks = build.tasks(nodes)
    config = AppConfig(
        root=root,
        state_dir=state_dir,
        source=source,
        main_file=main_file,
        looked_in=looked_in,
        job=build.job(),
        core=build.core(),
        global_properties=build.values("TAIPY", ""),
        data_nodes=nodes,
        tasks=tasks,
        scenarios=build.scenarios(tasks, nodes),
        digest=digest(merged.sections, main_file),
    )
    return Compiled(config, merged, problems)


def compile_entry(
    layer: Layer, section: str, id: str, *, nodes: Mapping[str, DataNodeConfig] | None = None
) -> Any:
    """Compile one DATA_NODE or TASK of the only layer. The full compilation shows its problems.

    So that a program that configures n tasks one by one does not compile n times n tasks.
    """
    entries = layer.sections.get(section, {})
    wanted = {key: entries[key] for key in ("default", id) if key in entries}
    build = _Build(Merged(sections={section: wanted}), [], os.environ)
    if section == "DATA_NODE":
        found = build.data_nodes()
        return found.get(id) or DataNodeConfig(id=id)
    return build.tasks(nodes or {}).get(id) or TaskConfig(id=id)


class _Build(Entries):
    """One compilation, section by section."""

    def report(
        self,
        section: str,
        id: str,
        key: str | None,
        message: str,
        level: Level = Level.ERROR,
        value: object = None,
    ) -> None:
        secret = is_secret(key) or key in SECRET_TABLES
        if secret or (section == "JOB" and key == "broker_url" and value is not None):
            # It may hold a password, and cannot be read well enough to find its place.
            message, value = _SHOWN_VALUE.sub("'***'", message), None
        super().report(section, id, key, message, level, value)

    def job(self) -> JobConfig:
        values = self.values("JOB", "")
        given = dict(values)

        def take(key: str, kinds: Any, wanted: str, default: Any) -> Any:
            return self.take("JOB", "", values, key, kinds, wanted, default)

        workers = take("max_nb_of_workers", int, "a whole number of 1 or more", None)
        if workers is not None and workers < 0:
            self.report(
                "JOB", "", "max_nb_of_workers", f"must be 1 or more, not {workers}", value=workers
            )
            workers = None
        cluster = self._cluster_keys(values)
        config = JobConfig(
            mode=take("mode", str, "a text", "development"),
            max_nb_of_workers=workers,
            max_jobs_per_process=take("max_jobs_per_process", int, "a whole number", 0),
            max_attempts=take("max_attempts", int, "a whole number", 3),
            grace=float(take("grace", (int, float), "a number of seconds", 5.0)),
            log_limit=take("log_limit", int, "a number of bytes", 10_000_000),
            cache=take("cache", str, "a text", "time"),
            schedule=take("schedule", str, "a text", "critical-path"),
            check_code=take("check_code", str, "a text", "refuse"),
            pools=take("pools", dict, "a table of limits", {}),
            environment=self._job_environment(values),
            properties={**values, **cluster},
        )
        for key, least in _LEAST.items():
            if getattr(config, key) < least:
                wrong = f"must be {least} or more, not {given.get(key)!r}"
                self.report("JOB", "", key, wrong, value=given.get(key))
        for key, choices in _CHOICES.items():
            if getattr(config, key) not in choices:
                words = f"{', '.join(choices[:-1])} or {choices[-1]}"
                wrong = f"must be {words}, not {given.get(key)!r}"
                self.report("JOB", "", key, wrong, value=given.get(key))
        self.warn_near_misses("JOB", "", values)
        return config

    def _job_environment(self, values: dict[str, Any]) -> dict[str, str]:
        given = self.take("JOB", "", values, "environment", dict, "a table of texts", {})
        found = environment(given)
        if found is None:
            self.report("JOB", "", "environment", "must be a table of texts")
        return found or {}

    def _cluster_keys(self, values: dict[str, Any]) -> dict[str, Any]:
        """Take the keys of cluster mode out of `values`, and return the valid ones."""
        found = {}
        for key, (kinds, wanted, *_) in CLUSTER_KEYS.items():
            value = self.take("JOB", "", values, key, kinds, wanted, None)
            wrong = None if value is None else wrong_setting(key, value)
            if wrong:
                told = None if key == "broker_url" else value
                self.report("JOB", "", key, wrong, value=told)
            elif value is not None:
                found[key] = value
        return found

    def core(self) -> CoreConfig:
        values = self.values("CORE", "")

        def take(key: str, kinds: Any, wanted: str, default: Any) -> Any:
            return self.take("CORE", "", values, key, kinds, wanted, default)

        config = CoreConfig(
            root_folder=take("root_folder", str, "a folder", "./taipy/"),
            storage_folder=take("storage_folder", str, "a folder", "user_data/"),
            taipy_storage_folder=take("taipy_storage_folder", str, "a folder", ".taipy/"),
            repository_type=take("repository_type", str, "a text", "filesystem"),
            repository_properties=take("repository_properties", dict, "a table", {}),
            read_entity_retry=take("read_entity_retry", int, "a whole number", 1),
            mode=take("mode", str, "a text", "development"),
            version_number=take("version_number", str, "a text", ""),
            force=take("force", bool, "True or False", False),
            core_version=take("core_version", str, "a version such as 4.1.1", ""),
            properties=values,
        )
        self.warn_near_misses("CORE", "", values)
        return config

    def data_nodes(self) -> dict[str, DataNodeConfig]:
        ids = self.ids("DATA_NODE")
        default = self._data_node("default", None) if "default" in ids else None
        nodes = {} if default is None else {"default": default}
        for id in ids:
            if id != "default":
                nodes[id] = self._data_node(id, default)
        return nodes

    def _data_node(self, id: str, default: DataNodeConfig | None) -> DataNodeConfig:
        values = self.values("DATA_NODE", id)

        def take(key: str, kinds: Any, wanted: str, otherwise: Any) -> Any:
            return self.take("DATA_NODE", id, values, key, kinds, wanted, otherwise)

        storage_type = take(
            "storage_type", str, "a text", default.storage_type if default else "pickle"
        )
        inherits = default is not None and default.storage_type == storage_type
        scope = take(
            "scope",
            Scope,
            'a scope such as "GLOBAL:SCOPE"',
            default.scope if default and inherits else Scope.SCENARIO,
        )
        validity = take(
            "validity_period",
            dt.timedelta,
            'a duration such as "1d0h0m0s:timedelta"',
            default.validity_period if default else None,
        )
        known = STORAGE_PROPERTIES.get(storage_type, {})
        properties = {key: value for key, value in known.items() if value is not None}
        if default and inherits:
            properties.update(default.properties)
        properties.update(values)
        shown = properties.get("report")
        if not isinstance(shown, bool | None):
            what = f"should be true or false, not {shown!r}: it counts as not given"
            self.report("DATA_NODE", id, "report", what, Level.WARNING)
        hinted = (*KEYS["DATA_NODE"], *known)
        for key in values:
            hint = "" if key in hinted else nearest(key, hinted)
            if hint:
                self.report(
                    "DATA_NODE",
                    id,
                    key,
                    f"unknown key {key!r} is kept as a property{hint}",
                    Level.WARNING,
                )
        return DataNodeConfig(
            id=id,
            storage_type=storage_type,
            scope=scope,
            validity_period=validity,
            properties=properties,
        )

    def tasks(self, nodes: Mapping[str, DataNodeConfig]) -> dict[str, TaskConfig]:
        found = {id: self._task(id, nodes) for id in self.ids("TASK")}
        if "default" not in found:
            return found
        inherited = found["default"].properties
        return {
            id: replace(task, properties={**inherited, **task.properties})
            for id, task in found.items()
        }

    def _task(self, id: str, nodes: Mapping[str, DataNodeConfig]) -> TaskConfig:
        values = self.values("TASK", id)
        function = values.pop("function", None)
        if isinstance(function, ClassRef):
            function = FunctionRef(function.path)
        if function is not None and not isinstance(function, FunctionRef):
            if callable(function):
                function = FunctionRef.of(function)
            else:
                self.report(
                    "TASK",
                    id,
                    "function",
                    f'must be a function: write "{function}:function"'
                    if isinstance(function, str) and re.search("[.:]", function)
                    else f'must be a function such as "module.name:function", '
                    f"not {shown(function)}",
                    value=function,
                )
                function = None
        task = TaskConfig(
            id=id,
            function_ref=function,
            inputs=self.references("TASK", id, values, "inputs", nodes, "data node"),
            outputs=self.references("TASK", id, values, "outputs", nodes, "data node"),
            skippable=self.take("TASK", id, values, "skippable", bool, "True or False", False),
            properties=values,
        )
        if id != "default":
            self.warn_near_misses("TASK", id, values)
        return task

    def scenarios(
        self, tasks: Mapping[str, TaskConfig], nodes: Mapping[str, DataNodeConfig]
    ) -> dict[str, ScenarioConfig]:
        ids = self.ids("SCENARIO")
        default = self._scenario("default", tasks, nodes, None) if "default" in ids else None
        found = {} if default is None else {"default": default}
        for id in ids:
            if id != "default":
                found[id] = self._scenario(id, tasks, nodes, default)
        return found

    def _scenario(
        self,
        id: str,
        tasks: Mapping[str, TaskConfig],
        nodes: Mapping[str, DataNodeConfig],
        default: ScenarioConfig | None,
    ) -> ScenarioConfig:
        values = self.values("SCENARIO", id)
        frequency = self.take(
            "SCENARIO",
            id,
            values,
            "frequency",
            Frequency,
            'a frequency such as "DAILY:FREQUENCY"',
            default.frequency if default else None,
        )
        comparators = self.take("SCENARIO", id, values, "comparators", dict, "a table", {})
        sequences = self.take("SCENARIO", id, values, "sequences", dict, "a table", {})
        scenario = ScenarioConfig(
            id=id,
            tasks=self.references("SCENARIO", id, values, "tasks", tasks, "task"),
            additional_data_nodes=self.references(
                "SCENARIO", id, values, "additional_data_nodes", nodes, "data node"
            ),
            frequency=frequency,
            comparators={
                node: self._comparators(id, node, functions)
                for node, functions in comparators.items()
            },
            sequences={
                name: self.references(
                    "SCENARIO", id, dict(sequences), name, tasks, "task", "sequences"
                )
                for name in sequences
            },
            properties={**(default.properties if default else {}), **values},
        )
        if id != "default":
            self.warn_near_misses("SCENARIO", id, values)
        return scenario

    def _comparators(self, id: str, node: str, functions: object) -> tuple[FunctionRef, ...]:
        found = []
        for function in functions if isinstance(functions, list | tuple) else [functions]:
            if isinstance(function, ClassRef):
                function = FunctionRef(function.path)
            if isinstance(function, FunctionRef):
                found.append(function)
            elif callable(function):
                found.append(FunctionRef.of(function))
            else:
                self.report(
                    "SCENARIO",
                    id,
                    "comparators",
                    f"the comparator of {node!r} must be a function such as "
                    f'"module.name:function", not {shown(function)}',
                    value=function,
                )
        return tuple(found)

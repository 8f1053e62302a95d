"""The frozen configuration that all layers below the command line and the API use."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from taipy_exec.config.reference import FunctionRef
from taipy_exec.config.run_options import RunOptions, run_options
from taipy_exec.config.secrets import masked
from taipy_exec.config.typed_text import Frequency, Scope
from taipy_exec.config.user_path import user_path
from taipy_exec.errors import NotFoundError, UsageError
from taipy_exec.model.graph import JobGraph, TaskSpec, build_graph


class _Discreet:
    """A dataclass whose text shows `***` in place of each value with the name of a secret."""

    def __repr__(self) -> str:
        shown = (
            f"{field.name}={masked(getattr(self, field.name), field.name)!r}"
            for field in fields(self)  # type: ignore[arg-type]
            if field.repr
        )
        return f"{type(self).__qualname__}({', '.join(shown)})"


class _WithProperties(_Discreet):
    """Additional properties read as attributes, as in Taipy."""

    properties: Mapping[str, Any]

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("__"):
            try:
                return object.__getattribute__(self, "properties")[name]
            except (KeyError, AttributeError):
                pass
        raise AttributeError(f"{type(self).__name__} has no attribute or property {name!r}")


@dataclass(frozen=True, kw_only=True, repr=False)
class JobConfig(_WithProperties):
    """The `[JOB]` section. `max_nb_of_workers` None means the default of the mode (2).

    `properties` also hold the keys of cluster mode, so they may hold a password.
    """

    mode: str = "development"
    max_nb_of_workers: int | None = None
    max_jobs_per_process: int = 0
    max_attempts: int = 3
    grace: float = 5.0
    log_limit: int = 10_000_000
    cache: str = "time"
    schedule: str = "critical-path"
    check_code: str = "refuse"
    pools: Mapping[str, int] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def workers(self) -> int:
        """How many jobs may run at once; 0 counts as unset, as in Taipy."""
        return self.max_nb_of_workers or 2


@dataclass(frozen=True, kw_only=True, repr=False)
class CoreConfig(_WithProperties):
    """The `[CORE]` section. Folders are relative to the application's folder."""

    root_folder: str = "./taipy/"
    storage_folder: str = "user_data/"
    taipy_storage_folder: str = ".taipy/"
    repository_type: str = "filesystem"
    repository_properties: Mapping[str, Any] = field(default_factory=dict)
    read_entity_retry: int = 1
    mode: str = "development"
    version_number: str = ""
    force: bool = False
    core_version: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, repr=False)
class DataNodeConfig(_WithProperties):
    """One data node. `properties` hold the storage type's own, with Taipy's defaults."""

    id: str
    storage_type: str = "pickle"
    scope: Scope = Scope.SCENARIO
    validity_period: dt.timedelta | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> str | None:
        """The path that the user gave, with forward slashes; None for a generated one."""
        given = self.properties.get("path") or self.properties.get("default_path")
        return str(given).replace("\\", "/") if given else None

    @property
    def in_report(self) -> bool | None:
        """Whether a report shows its value; None: as its storage type has it."""
        wanted = self.properties.get("report")
        return wanted if isinstance(wanted, bool) else None

    @property
    def sqlite_path(self) -> str | None:
        """The database's file, with forward slashes; None if `db_engine` is not sqlite."""
        if "db_engine" not in self.properties or self.properties["db_engine"] != "sqlite":
            return None
        extension = self.properties.get("sqlite_file_extension")
        folder = self.properties.get("sqlite_folder_path") or "."
        name = f"{self.properties.get('db_name')}{'.db' if extension is None else extension}"
        return f"{folder}/{name}".replace("\\", "/")


@dataclass(frozen=True, kw_only=True, repr=False)
class TaskConfig(_WithProperties):
    """One task: a function between data nodes."""

    id: str
    function_ref: FunctionRef | None = None
    inputs: tuple[DataNodeConfig, ...] = ()
    outputs: tuple[DataNodeConfig, ...] = ()
    skippable: bool = False
    properties: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def run_options(self) -> RunOptions:
        """The properties that define how the task's jobs run."""
        return run_options(self.properties)

    @property
    def function(self) -> Callable[..., Any] | None:
        """The user's function, imported now. Raises ConfigurationError if the import fails."""
        return self.function_ref.load() if self.function_ref else None

    @property
    def input_ids(self) -> tuple[str, ...]:
        """Ids of the inputs in the order of the arguments."""
        return tuple(node.id for node in self.inputs)

    @property
    def output_ids(self) -> tuple[str, ...]:
        """Ids of the outputs in the order of the results."""
        return tuple(node.id for node in self.outputs)

    @property
    def input_configs(self) -> list[DataNodeConfig]:
        """Taipy's name for `inputs`."""
        return list(self.inputs)

    @property
    def output_configs(self) -> list[DataNodeConfig]:
        """Taipy's name for `outputs`."""
        return list(self.outputs)

    @property
    def spec(self) -> TaskSpec:
        """The part of the task that the job graph needs."""
        return TaskSpec(
            id=self.id, inputs=self.input_ids, outputs=self.output_ids, skippable=self.skippable
        )


@dataclass(frozen=True, kw_only=True, repr=False)
class ScenarioConfig(_WithProperties):
    """A set of tasks, with named sequences of them."""

    id: str
    tasks: tuple[TaskConfig, ...] = ()
    additional_data_nodes: tuple[DataNodeConfig, ...] = ()
    frequency: Frequency | None = None
    comparators: Mapping[str, tuple[FunctionRef, ...]] = field(default_factory=dict)
    sequences: Mapping[str, tuple[TaskConfig, ...]] = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)

    @property
    def task_configs(self) -> list[TaskConfig]:
        """Taipy's name for `tasks`."""
        return list(self.tasks)

    @property
    def data_nodes(self) -> tuple[DataNodeConfig, ...]:
        """Every data node of the scenario once: the tasks' in order, then the additional."""
        found: dict[str, DataNodeConfig] = {}
        for task in self.tasks:
            for node in (*task.inputs, *task.outputs):
                found.setdefault(node.id, node)
        for node in self.additional_data_nodes:
            found.setdefault(node.id, node)
        return tuple(found.values())

    def graph(self, target: str = "scenario") -> JobGraph:
        """The job graph of `scenario`, `sequence:NAME` or `task:ID,ID,...`.

        Raises CycleError, and NotFoundError if there is no such sequence or task.
        """
        kind, _, name = target.partition(":")
        tasks: tuple[TaskConfig, ...]
        if kind == "scenario":
            tasks = self.tasks
        elif kind == "sequence":
            if name not in self.sequences:
                raise NotFoundError(
                    f"scenario {self.id} has no sequence {name!r}",
                    _choices("its sequences are", self.sequences),
                )
            tasks = self.sequences[name]
        else:
            known = {task.id: task for task in self.tasks}
            wanted = name.split(",")
            for id in wanted:
                if id not in known:
                    raise NotFoundError(
                        f"scenario {self.id} has no task {id!r}",
                        _choices("its tasks are", list(known)),
                    )
            tasks = tuple(known[id] for id in wanted)
        return build_graph([task.spec for task in tasks])


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignProgram:
    """A program of another framework, whose entities define what a job reads and writes.

    `module` is the module of taipy-exec that prepares a process for the program and runs its jobs
    there (see `execution.host`). `configuration` is the framework's own, as text.
    """

    module: str
    configuration: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, repr=False)
class AppConfig(_Discreet):
    """The whole application. `root` is the folder that relative paths start from.

    `source` is the TOML file, None for a configuration in Python only. `main_file` is the Python
    file that `__main__` means in the names of functions. `looked_in` are the folders that could
    have been the root. `program` is None if this configuration is complete without a program.
    `also` is the same application as described by a TOML file next to its program: a worker of
    the program also runs the jobs of that file.
    `memo` is a cache for values that other modules derive, each under its own key.
    """

    root: Path
    state_dir: Path
    source: Path | None = None
    main_file: Path | None = None
    looked_in: tuple[Path, ...] = ()
    job: JobConfig = field(default_factory=JobConfig)
    core: CoreConfig = field(default_factory=CoreConfig)
    global_properties: Mapping[str, Any] = field(default_factory=dict)
    data_nodes: Mapping[str, DataNodeConfig] = field(default_factory=dict)
    tasks: Mapping[str, TaskConfig] = field(default_factory=dict)
    scenarios: Mapping[str, ScenarioConfig] = field(default_factory=dict)
    digest: str = ""
    program: ForeignProgram | None = None
    also: AppConfig | None = None
    memo: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    def serving(self, entity: str) -> AppConfig:
        """The configuration of a job: the program that has made its task `entity`, or the file."""
        return self if entity or self.also is None else self.also

    @cached_property
    def storage_folder(self) -> Path:
        """The folder of generated data files."""
        return self.place_of(self.core.storage_folder)

    def place_of(self, path: str) -> Path:
        """The absolute path for a path that the user wrote."""
        return user_path(self.root, path)

    @cached_property
    def real_scenarios(self) -> dict[str, ScenarioConfig]:
        """The scenarios without the `default` entry."""
        return {name: s for name, s in self.scenarios.items() if name != "default"}

    def scenario(self, wanted: str | None = None) -> ScenarioConfig:
        """The scenario `wanted`, or the only one.

        Raises NotFoundError for an unknown one, UsageError if there are several.
        """
        scenarios = self.real_scenarios
        if wanted is not None:
            if wanted not in scenarios:
                raise NotFoundError(
                    f"there is no scenario {wanted!r}",
                    _choices("the scenarios are", scenarios),
                )
            return scenarios[wanted]
        if len(scenarios) == 1:
            return next(iter(scenarios.values()))
        if not scenarios:
            raise NotFoundError(
                "the configuration has no scenario", "add a [SCENARIO.name] table with tasks"
            )
        raise UsageError(
            "there are several scenarios", f"choose one with --scenario: {', '.join(scenarios)}"
        )


def _choices(intro: str, names: Mapping[str, object] | list[str]) -> str | None:
    return f"{intro} {', '.join(names)}" if names else None

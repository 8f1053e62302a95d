"""`Config`: Taipy's facade to configure in Python, with Taipy's signatures and defaults."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from taipy_exec.api.connected_data_node_configuration import ConnectedDataNodeConfiguration
from taipy_exec.api.same_definition import in_notebook, is_same
from taipy_exec.config.application import (
    AppConfig,
    CoreConfig,
    DataNodeConfig,
    JobConfig,
    ScenarioConfig,
    TaskConfig,
)
from taipy_exec.config.application_path import (
    ENVIRONMENT_FILE,
    ProgramPlace,
    place_of_program,
    whole_path,
)
from taipy_exec.config.compile import Compiled, compile_entry, compile_layers
from taipy_exec.config.export import write_toml
from taipy_exec.config.layers import Layer, copy_layer, layer_from_toml, merge
from taipy_exec.config.problem import Level, Problem
from taipy_exec.config.toml_file import read_toml
from taipy_exec.config.typed_text import Frequency
from taipy_exec.config.vocabulary import PATH_KEYS
from taipy_exec.errors import ConfigurationUpdateBlocked
from taipy_exec.wiring import check_compiled, checked, early_problems, environment_layers


class Issues:
    """The problems that `Config.check()` found: `all`, `errors`, `warnings`, `infos`."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.all = list(problems)

    def _of(self, level: Level) -> list[Problem]:
        return [problem for problem in self.all if problem.level is level]

    @property
    def errors(self) -> list[Problem]:
        return self._of(Level.ERROR)

    @property
    def warnings(self) -> list[Problem]:
        return self._of(Level.WARNING)

    @property
    def infos(self) -> list[Problem]:
        return self._of(Level.INFO)


class Configuration(ConnectedDataNodeConfiguration):
    """Layers of configuration: Python < file < the file that TAIPY_CONFIG_PATH names.

    Every `configure_*` returns the frozen configuration of the entry at that time. While jobs can
    run, changes raise ConfigurationUpdateBlocked.
    """

    def __init__(self) -> None:
        self._python = Layer()
        self._file: Layer | None = None
        self._source: Path | None = None
        self._place: ProgramPlace | None = None
        self._compiled: Compiled | None = None
        self._blocked = False

    # -- layers ---------------------------------------------------------------------------

    def load(self, filename: str | Path) -> None:
        """Replace the configuration of Python by that of the file.

        The application's root is found from it as on the command line. Raises
        ConfigurationError with every problem of the file.
        """
        self._change()
        self._python = layer_from_toml(read_toml(Path(filename)))
        self._source, self._place = whole_path(filename), None
        self._compile().raise_errors()

    def override(self, filename: str | Path) -> None:
        """Put the file on top of the configuration of Python, key by key."""
        self._change()
        self._file = layer_from_toml(read_toml(Path(filename)))
        if self._source is None:
            self._source, self._place = whole_path(filename), None
        self._compile().raise_errors()

    def restore(self, filename: str | Path) -> None:
        """Replace the whole configuration by that of the file."""
        self._change()
        self._file = None
        self.load(filename)

    def export(self, filename: str | Path) -> None:
        """Write the configuration of Python to a file that Taipy can load."""
        write_toml(Path(filename), self._python.sections)

    def backup(self, filename: str | Path) -> None:
        """Write the configuration as it applies, all layers merged."""
        write_toml(Path(filename), merge(self._layers()).sections)

    def check(self) -> Issues:
        """Find every problem. Raises nothing."""
        compiled = self._compile()
        tasks = [task for task in compiled.config.tasks.values() if task.id != "default"]
        found = check_compiled(compiled)
        return Issues([*found, *early_problems(compiled, tasks, found)])

    def block_update(self) -> None:
        """Refuse changes from now on."""
        self._blocked = True

    def unblock_update(self) -> None:
        """Allow changes again."""
        self._blocked = False

    def python_layer(self) -> Layer:
        """The layers of Python and of `load`, with the file of `override` on top."""
        layers = [layer for layer in (self._python, self._file) if layer]
        merged = merge([copy_layer(layer) for layer in layers])
        return Layer(sections=merged.sections)

    def freeze(self) -> AppConfig:
        """The checked, immutable configuration. Raises ConfigurationError with every problem."""
        return checked(self._compile())

    def as_it_stands(self) -> AppConfig:
        """The configuration, with its problems."""
        return self._compile().config

    def stands_as(self, app: AppConfig) -> bool:
        """Whether this is the configuration, and nothing has changed since."""
        return self._compiled is not None and self._compiled.config is app

    def _layers(self) -> list[Layer]:
        layers = [self._python, *([self._file] if self._file else [])]
        return layers + environment_layers()

    def _compile(self) -> Compiled:
        if self._compiled is None:
            place = self._place = self._place or place_of_program(self._source)
            self._compiled = compile_layers(
                self._layers(),
                root=place.root,
                state_dir=place.state_dir,
                source=self._source,
                looked_in=place.looked_in,
            )
        return self._compiled

    def _change(self) -> None:
        if self._blocked:
            raise ConfigurationUpdateBlocked(
                "the configuration is in use by the orchestrator",
                "call orchestrator.stop() first, or Config.unblock_update()",
            )
        self._compiled = None

    def _reset(self) -> None:
        """Forget everything: for tests, and for a process that starts again."""
        self.__init__()  # type: ignore[misc]

    # -- the sections as they apply ---------------------------------------------------------

    @property
    def job_config(self) -> JobConfig:
        """The `[JOB]` section."""
        return self._compile().config.job

    @property
    def core(self) -> CoreConfig:
        """The `[CORE]` section."""
        return self._compile().config.core

    @property
    def global_config(self) -> GlobalConfig:
        """The `[TAIPY]` section."""
        return GlobalConfig(self._compile().config.global_properties)

    @property
    def data_nodes(self) -> dict[str, DataNodeConfig]:
        """Data nodes by id, with `default`."""
        return {"default": DataNodeConfig(id="default"), **self._compile().config.data_nodes}

    @property
    def tasks(self) -> dict[str, TaskConfig]:
        """Tasks by id, with `default`."""
        return {"default": TaskConfig(id="default"), **self._compile().config.tasks}

    @property
    def scenarios(self) -> dict[str, ScenarioConfig]:
        """Scenarios by id, with `default`."""
        return {"default": ScenarioConfig(id="default"), **self._compile().config.scenarios}

    # -- flat sections ----------------------------------------------------------------------

    def configure_global_app(self, **properties: Any) -> GlobalConfig:
        """Properties of the application."""
        self._change()
        self._python.entry("TAIPY").update(properties)
        return self.global_config

    def configure_job_executions(
        self, mode: str | None = None, max_nb_of_workers: int | str | None = None, **properties: Any
    ) -> JobConfig:
        """How jobs run."""
        self._set("JOB", "", {"mode": mode, "max_nb_of_workers": max_nb_of_workers, **properties})
        return self.job_config

    def configure_core(
        self,
        root_folder: str | Path | None = None,
        storage_folder: str | Path | None = None,
        taipy_storage_folder: str | Path | None = None,
        repository_type: str | None = None,
        repository_properties: Mapping[str, Any] | None = None,
        read_entity_retry: int | None = None,
        mode: str | None = None,
        version_number: str | None = None,
        force: bool | None = None,
        **properties: Any,
    ) -> CoreConfig:
        """Folders and versions."""
        self._set(
            "CORE",
            "",
            {
                "root_folder": root_folder,
                "storage_folder": storage_folder,
                "taipy_storage_folder": taipy_storage_folder,
                "repository_type": repository_type,
                "repository_properties": repository_properties,
                "read_entity_retry": read_entity_retry,
                "mode": mode,
                "version_number": version_number,
                "force": force,
                **properties,
            },
        )
        return self.core

    # -- tasks and scenarios ----------------------------------------------------------------

    def configure_task(
        self,
        id: str,
        function: Callable[..., Any] | None,
        input: DataNodeConfig | Iterable[DataNodeConfig] | None = None,
        output: DataNodeConfig | Iterable[DataNodeConfig] | None = None,
        skippable: bool = False,
        **properties: Any,
    ) -> TaskConfig:
        """A task: `function` from `input` to `output`."""
        self._set(
            "TASK",
            id,
            {
                "function": function,
                "inputs": _listed(input),
                "outputs": _listed(output),
                "skippable": skippable,
                **properties,
            },
            anew=True,
        )
        if self._is_plain:
            nodes = {node.id: node for node in (*_listed(input), *_listed(output))}
            return compile_entry(self._python, "TASK", id, nodes=nodes)  # type: ignore[no-any-return]
        return self.tasks[id]

    def configure_scenario(
        self,
        id: str,
        task_configs: Iterable[TaskConfig] | None = None,
        additional_data_node_configs: Iterable[DataNodeConfig] | None = None,
        frequency: Frequency | None = None,
        comparators: Mapping[str, Any] | None = None,
        sequences: Mapping[str, Iterable[TaskConfig]] | None = None,
        **properties: Any,
    ) -> ScenarioConfig:
        """A scenario: a set of tasks, with named sequences of them."""
        self._set(
            "SCENARIO",
            id,
            {
                "tasks": _listed(task_configs),
                "additional_data_nodes": _listed(additional_data_node_configs),
                "frequency": frequency,
                "comparators": dict(comparators or {}),
                "sequences": {name: _listed(t) for name, t in (sequences or {}).items()},
                **properties,
            },
            anew=True,
        )
        return self.scenarios[id]

    def set_default_task_configuration(
        self,
        function: Callable[..., Any] | None = None,
        input: Any = None,
        output: Any = None,
        skippable: bool = False,
        **properties: Any,
    ) -> TaskConfig:
        """Set the properties that tasks inherit: only the additional ones, as in Taipy."""
        return self.configure_task("default", function, input, output, skippable, **properties)

    def set_default_scenario_configuration(
        self,
        task_configs: Any = None,
        additional_data_node_configs: Any = None,
        frequency: Frequency | None = None,
        comparators: Any = None,
        sequences: Any = None,
        **properties: Any,
    ) -> ScenarioConfig:
        """Set what scenarios inherit: the frequency and the additional properties, as in Taipy."""
        return self.configure_scenario(
            "default",
            task_configs,
            additional_data_node_configs,
            frequency,
            comparators,
            sequences,
            **properties,
        )

    def _data_node(self, id: str) -> DataNodeConfig:
        if self._is_plain:
            return compile_entry(self._python, "DATA_NODE", id)  # type: ignore[no-any-return]
        return self.data_nodes[id]

    # -- inside -----------------------------------------------------------------------------

    @property
    def _is_plain(self) -> bool:
        """Whether Python is the only layer, so that one entry can be compiled by itself."""
        return self._file is None and not os.environ.get(ENVIRONMENT_FILE)

    def _set(self, section: str, id: str, keys: Mapping[str, Any], *, anew: bool = False) -> None:
        given = {
            key: _path_text(value) if key in PATH_KEYS.get(section, ()) else value
            for key, value in keys.items()
            if value is not None
        }
        known = self._python.sections.get(section, {}).get(id)
        is_again = self._blocked and known is not None and in_notebook()
        if is_again and is_same(given if anew else {**(known or {}), **given}, known):
            return
        self._change()
        entry = self._python.entry(section, id)
        if anew:
            entry.clear()
        entry.update(given)


class GlobalConfig:
    """The `[TAIPY]` section: `properties`, also as attributes."""

    def __init__(self, properties: Mapping[str, Any]) -> None:
        self.properties = dict(properties)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["properties"][name]
        except KeyError:
            raise AttributeError(f"the application has no property {name!r}") from None


def _path_text(value: Any) -> Any:
    return os.fsdecode(value) if isinstance(value, os.PathLike) else value


def _listed(items: Any) -> list[Any]:
    if items is None:
        return []
    if isinstance(items, list | tuple | set | frozenset):
        return list(items)
    if isinstance(items, DataNodeConfig | TaskConfig | str):
        return [items]
    return list(items)


Config = Configuration()

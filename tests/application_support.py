"""Applications made without a file, for tests of what runs their jobs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from taipy_exec.config.application import AppConfig, ScenarioConfig, TaskConfig


def application(folder: Path, tasks: Sequence[TaskConfig], **options: Any) -> AppConfig:
    """One scenario `s` with these tasks, whose outputs are all the data nodes."""
    return AppConfig(
        root=folder,
        state_dir=folder / "state",
        data_nodes={node.id: node for task in tasks for node in task.outputs},
        tasks={task.id: task for task in tasks},
        scenarios={"s": ScenarioConfig(id="s", tasks=tuple(tasks))},
        **options,
    )

"""Run one recorded case through the Python API and print what happened as JSON.

    python run_case.py CASE_FOLDER MODE

The folder is a scratch copy. The shape is that of the recorded `expected.json`.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from pathlib import Path
from typing import Any

import taipy_exec as tp
from taipy_exec import Config

BUILTIN = {"n_cls": "datetime.datetime", "n_fct": "builtins.len"}


def plain(value: Any) -> Any:
    """A value in the record's notation."""
    import datetime as dt
    import enum

    if isinstance(value, enum.Enum):
        return {"__type__": "enum", "value": f"{type(value).__name__}.{value.name}"}
    if isinstance(value, float) and not math.isfinite(value):
        return {"__type__": "float", "repr": repr(value)}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, tuple):
        return {"__type__": "tuple", "items": [plain(item) for item in value]}
    if isinstance(value, set):
        return {"__type__": "set", "items": sorted(plain(item) for item in value)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, dt.datetime):
        return {"__type__": "datetime", "iso": value.isoformat()}
    if isinstance(value, dt.timedelta):
        return {"__type__": "timedelta", "seconds": value.total_seconds()}
    name = type(value).__name__
    if name == "DataFrame":
        rows = [[plain(cell) for cell in row] for row in value.values.tolist()]
        columns = [str(column) for column in value.columns]
        return {"__type__": "pandas.DataFrame", "columns": columns, "rows": rows}
    if name == "ndarray":
        return {
            "__type__": "numpy.ndarray",
            "shape": list(value.shape),
            "values": value.tolist(),
        }
    if callable(value):
        return {"__type__": "callable", "name": f"{value.__module__}.{value.__qualname__}"}
    attributes = {key: plain(item) for key, item in vars(value).items()}
    return {"__type__": "object", "class": name, "attributes": attributes}


def data_nodes(scenario: tp.Scenario) -> dict[str, Any]:
    found = {}
    for name, node in scenario.data_nodes.items():
        entry = {
            "storage_type": node.storage_type(),
            "scope": node.scope.name,
            "ready": node.is_ready_for_reading,
            "valid": node.is_valid,
            "edit_in_progress": node.edit_in_progress,
            "path": node.path.replace(node.id, node.id[:-36] + "<uuid>") if node.path else None,
        }
        try:
            entry["value"] = plain(node.read())
        except Exception as error:
            entry["read_raises"] = type(error).__name__
        found[name] = entry
    return found


def submitted(scenario: tp.Scenario, submission: tp.Submission) -> dict[str, Any]:
    return {
        "submission_status": submission.submission_status.name,
        "submission_is_finished": submission.is_finished(),
        "jobs": {
            job.task.config_id: {
                "status": job.status.name,
                "history": [status.name for status in job.history],
                "reason": job.reason,
            }
            for job in submission.jobs
        },
        "data_nodes": data_nodes(scenario),
    }


def created(scenario: tp.Scenario) -> dict[str, Any]:
    graph = scenario._config.graph()
    return {
        "levels": [sorted(level) for level in graph.levels],
        "inputs": sorted(node.config_id for node in scenario.get_inputs()),
        "outputs": sorted(node.config_id for node in scenario.get_outputs()),
        "intermediate": sorted(node.config_id for node in scenario.get_intermediate()),
        "ready_to_run": bool(scenario.is_ready_to_run()),
        "data_nodes": data_nodes(scenario),
    }


def run(folder: Path, mode: str) -> list[Any]:
    steps = json.loads((folder / "expected.json").read_text())["steps"]
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    Config.load("config.toml")
    Config.configure_job_executions(mode=mode)
    tp.Orchestrator().run()
    scenarios: dict[str, tp.Scenario] = {}
    results = []
    for step in steps:
        results.append(one_step(step, scenarios))
    tp.Orchestrator().stop()
    return results


def one_step(step: dict[str, Any], scenarios: dict[str, tp.Scenario]) -> Any:
    operation = step["op"]
    if operation == "create":
        scenarios[step["as"]] = tp.create_scenario(Config.scenarios[step["scenario"]])
        return created(scenarios[step["as"]])
    if operation == "sleep":
        time.sleep(step["seconds"])
        return None
    scenario = scenarios[step["target"]]
    if operation == "write":
        scenario.data_nodes[step["data_node"]].write(step["value"])
        return None
    if operation == "eval":
        names = {"s": scenario, "tp": tp, "Config": Config}
        return plain(eval(step["expr"], names))
    entity = {
        "submit": lambda: scenario,
        "submit_sequence": lambda: scenario.sequences[step["sequence"]],
        "submit_task": lambda: scenario.tasks[step["task"]],
    }[operation]()
    return submitted(scenario, entity.submit(force=step.get("force", False), wait=True))


if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1]).absolute(), sys.argv[2])))

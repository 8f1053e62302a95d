"""The example application: its two TOML files, its graph, its data, and its functions in memory."""

from __future__ import annotations

import hashlib
import importlib
import json
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest

pd = pytest.importorskip("pandas")
pytest.importorskip("numpy")

CONFIGS = Path(__file__).parents[2] / "configs"
MODES = ("development", "standalone")


def _load(mode: str) -> dict[str, Any]:
    return tomllib.loads((CONFIGS / f"{mode}.toml").read_text(encoding="utf-8"))


CONFIG = _load("standalone")
NODES: dict[str, dict[str, Any]] = CONFIG["DATA_NODE"]
TASKS: dict[str, dict[str, Any]] = CONFIG["TASK"]
(SCENARIO,) = CONFIG["SCENARIO"].values()


def _plain(typed: str) -> str:
    return typed.rpartition(":")[0]


def _ids(task: str, side: str) -> list[str]:
    return [_plain(reference) for reference in TASKS[task][side]]


def _predecessors() -> dict[str, set[str]]:
    writer = {node: task for task in TASKS for node in _ids(task, "outputs")}
    return {
        task: {writer[node] for node in _ids(task, "inputs") if node in writer} for task in TASKS
    }


def _first_value(node: dict[str, Any]) -> Any:
    if "default_data" in node:
        assert node["default_data"].endswith(":int")
        return int(_plain(node["default_data"]))
    return pd.read_csv(CONFIGS / node["path"])


@pytest.fixture(scope="module")
def functions() -> Iterator[dict[str, Callable[..., Any]]]:
    """The function of each task, found as the TOML files name it."""
    sys.path.insert(0, str(CONFIGS))
    try:
        names = {task: _plain(entry["function"]).rsplit(".", 1) for task, entry in TASKS.items()}
        yield {
            task: getattr(importlib.import_module(module), name)
            for task, (module, name) in names.items()
        }
    finally:
        sys.path.remove(str(CONFIGS))


@pytest.fixture(scope="module")
def values(functions: dict[str, Callable[..., Any]]) -> dict[str, Any]:
    """The value of every data node after one run."""
    written = {node for task in TASKS for node in _ids(task, "outputs")}
    values = {id: _first_value(node) for id, node in NODES.items() if id not in written}
    for task in TopologicalSorter(_predecessors()).static_order():
        result = functions[task](*(values[node] for node in _ids(task, "inputs")))
        outputs = _ids(task, "outputs")
        values.update(zip(outputs, [result] if len(outputs) == 1 else result, strict=True))
    return values


def test_the_two_files_differ_in_the_job_section_only() -> None:
    development, standalone = (_load(mode) for mode in MODES)
    assert development.pop("JOB") == {"mode": "development"}
    assert standalone.pop("JOB") == {"mode": "standalone", "max_nb_of_workers": "2:int"}
    assert development == standalone


@pytest.mark.parametrize("mode", MODES)
def test_the_sections_come_in_the_order_that_taipy_needs(mode: str) -> None:
    text = (CONFIGS / f"{mode}.toml").read_text(encoding="utf-8")
    sections = list(dict.fromkeys(re.findall(r"^\[(\w+)", text, flags=re.MULTILINE)))
    assert sections == ["JOB", "DATA_NODE", "TASK", "SCENARIO"]


def test_every_reference_names_a_data_node_or_a_task() -> None:
    used = {node for task in TASKS for side in ("inputs", "outputs") for node in _ids(task, side)}
    assert used == set(NODES)
    assert [_plain(task) for task in SCENARIO["tasks"]] == list(TASKS)
    (sequence,) = SCENARIO["sequences"].values()
    assert {_plain(task) for task in sequence} <= set(TASKS)


def test_no_data_node_has_two_writers() -> None:
    writers = Counter(node for task in TASKS for node in _ids(task, "outputs"))
    assert max(writers.values()) == 1


def test_the_graph_fans_out_and_in() -> None:
    predecessors = _predecessors()
    successors = Counter(earlier for before in predecessors.values() for earlier in before)
    assert len(TASKS) == 17
    assert successors["average_months"] >= 3
    assert {task for task in TASKS if predecessors[task] == {"split_history"}} == {
        "fit_last_year",
        "fit_harmonics",
        "fit_smoothing",
        "fit_autoregression",
    }
    assert len(predecessors["choose_model"]) == 4
    assert len(predecessors["write_report"]) == 6


def test_every_task_is_skippable() -> None:
    assert {entry["skippable"] for entry in TASKS.values()} == {"True:bool"}


def test_only_the_measurements_and_the_report_have_a_path() -> None:
    paths = {id: node["path"] for id, node in NODES.items() if "path" in node}
    assert set(paths) == {"readings", "report"}
    assert (CONFIGS / paths["readings"]).is_file()
    assert (CONFIGS / paths["report"]).parent.is_dir()
    assert {node.get("storage_type", "pickle") for node in NODES.values()} == {
        "csv",
        "json",
        "pickle",
    }


def test_the_data_are_what_their_readme_says() -> None:
    path = CONFIGS / NODES["readings"]["path"]
    readme = (path.parent / "README.md").read_text(encoding="utf-8")
    content = path.read_bytes()
    table = pd.read_csv(path)
    assert path.name in readme
    assert f"| Rows | {len(table)}, " in readme
    assert f"{table['co2'].isna().sum()} weeks have no `co2`" in readme
    assert f"{len(content)} bytes" in readme
    assert hashlib.sha256(content).hexdigest() in readme
    assert len(table) == 2284
    assert len(content) < 300_000


def test_the_weeks_become_months_without_a_hole(values: dict[str, Any]) -> None:
    monthly = values["monthly"]
    assert len(values["weeks"]) == 2284 - 59
    assert len(monthly) == 526
    assert monthly["co2"].notna().all()
    assert (monthly["weeks_measured"] == 0).sum() == 5
    assert monthly["month"].is_unique
    assert (monthly["month"].iloc[0], monthly["month"].iloc[-1]) == ("1958-03", "2001-12")


def test_no_month_is_both_trained_on_and_held_out(values: dict[str, Any]) -> None:
    parts = [values[name] for name in ("training", "validation", "holdout")]
    assert [len(part) for part in parts] == [286, 120, 120]
    assert pd.concat(parts).equals(values["monthly"])


def test_too_long_a_holdout_is_refused(
    functions: dict[str, Callable[..., Any]], values: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="too few"):
        functions["split_history"](values["monthly"], 20)


def test_the_values_of_json_nodes_survive_their_file(values: dict[str, Any]) -> None:
    for id, node in NODES.items():
        if node.get("storage_type") == "json":
            assert json.loads(json.dumps(values[id])) == values[id], id


def test_the_harmonic_model_wins_and_beats_the_baseline(values: dict[str, Any]) -> None:
    report = values["report"]
    errors = {kind: score["mae"] for kind, score in report["validation_errors_ppm"].items()}
    assert report["chosen_model"]["kind"] == "harmonics" == min(errors, key=lambda k: errors[k])
    assert errors == pytest.approx(
        {"harmonics": 0.381, "smoothing": 0.402, "autoregression": 0.410, "last_year": 0.472},
        abs=0.01,
    )
    test = report["test"]
    assert test["months"] == "1992-01 to 2001-12"
    assert test["chosen"]["mae"] == pytest.approx(0.461, abs=0.01)
    assert test["baseline"]["mae"] == pytest.approx(0.675, abs=0.01)
    assert test["skill_percent"] == pytest.approx(31.7, abs=1.5)
    assert 0 < test["skill_90_percent"][0] < test["skill_percent"] < test["skill_90_percent"][1]


def test_the_growth_rises_and_the_year_swings_by_six_ppm(values: dict[str, Any]) -> None:
    growth, season = values["report"]["growth_ppm_per_year"], values["report"]["season"]
    assert growth == pytest.approx(
        {"1960s": 0.77, "1970s": 1.24, "1980s": 1.55, "1990s": 1.58}, abs=0.02
    )
    assert season["swing_ppm"] == pytest.approx(6.08, abs=0.05)
    assert (season["highest_month"], season["lowest_month"]) == (5, 10)


def test_the_forecast_covers_the_twelve_months_after_the_data(values: dict[str, Any]) -> None:
    forecast = values["report"]["forecast"]
    assert [row["month"] for row in forecast] == [f"2002-{month:02}" for month in range(1, 13)]
    assert all(row["low"] < row["co2"] < row["high"] for row in forecast)
    mean = sum(row["co2"] for row in forecast) / len(forecast)
    assert mean == pytest.approx(372.8, abs=0.15)
    assert f"{mean:.1f} ppm" in values["report"]["headline"]

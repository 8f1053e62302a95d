"""What the admission of a sweep costs: about the same for each combination, however many."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any, cast

from taipy_exec.cli.streams import Streams
from taipy_exec.config.application_path import find_application
from taipy_exec.engine.sweep import combinations
from taipy_exec.operations.sweep.admission import admitted_sweep
from taipy_exec.operations.wanted import Wanted
from taipy_exec.store.store import Store
from taipy_exec.wiring import compile_application, make_engine

CONFIG = """
[DATA_NODE.raw]
storage_type = "in_memory"
scope = "GLOBAL:SCOPE"
[DATA_NODE.clean]
storage_type = "in_memory"
scope = "GLOBAL:SCOPE"
[DATA_NODE.window]
storage_type = "in_memory"
[TASK.load]
function = "operator.pos"
inputs = ["raw:SECTION"]
outputs = ["clean:SECTION"]
[TASK.fit]
function = "operator.add"
inputs = ["clean:SECTION", "window:SECTION"]
outputs = ["fitted:SECTION"]
[TASK.score]
function = "operator.pos"
inputs = ["fitted:SECTION"]
outputs = ["scored:SECTION"]
[SCENARIO.s]
tasks = ["load:SECTION", "fit:SECTION", "score:SECTION"]
"""
MANY, TIMES = 60, 4


class Silent:
    """Takes what the command would print."""

    def warn(self, text: str) -> None:
        pass

    note = warn


def operations(folder: Path, number: int) -> Counter[str]:
    """How many calls of Python and steps of SQLite it takes to admit `number` combinations."""
    folder.mkdir()
    (folder / "config.toml").write_text(CONFIG)
    app = compile_application(find_application(folder)).config
    engine = make_engine(app, Store(app.state_dir), echo=False)
    wanted = Wanted(
        app=app,
        name="s",
        scenario=app.scenario("s"),
        target="scenario",
        combinations=combinations({"window": range(number)}),
        given={},
        created=None,
        new=False,
        force=False,
        fail_fast=False,
    )
    counts: Counter[str] = Counter()

    def count(frame: FrameType, event: str, argument: Any) -> None:
        counts["calls"] += event in ("call", "c_call")

    def count_steps() -> None:
        counts["steps of SQLite"] += 1

    engine.store._connection().set_progress_handler(count_steps, 10)
    try:
        sys.setprofile(count)
        plans = admitted_sweep(cast(Streams, Silent()), engine, wanted, None)
        for plan in plans:
            engine.coordinator.add(plan)
    finally:
        sys.setprofile(None)
        engine.close()
    assert len(plans) == number
    return counts


def test_a_sweep_of_four_times_as_many_combinations_costs_about_four_times_as_much(
    tmp_path: Path,
) -> None:
    few, many = (operations(tmp_path / str(n), n) for n in (MANY, MANY * TIMES))
    growth = {what: many[what] / few[what] for what in few}
    assert growth["calls"] < TIMES * 1.2, growth
    # Each admission passes over the unfinished rows of the others, which is cheap.
    assert growth["steps of SQLite"] < TIMES * 2, growth

"""A public application: a Taipy program and a TOML file in one folder, with Taipy installed."""

from __future__ import annotations

from pathlib import Path

import pytest
from taipy_support import Program, end_workers, ready_workers

CONFIG = """\
[JOB]
mode = "cluster"
[DATA_NODE.sales]
storage_type = "json"
default_path = "data/sales.json"
[DATA_NODE.total]
[TASK.add]
function = "algos.algos.add:function"
inputs = ["sales:SECTION"]
outputs = ["total:SECTION"]
[SCENARIO.sales_total]
tasks = ["add:SECTION"]
"""
MAIN = """\
import taipy as tp
from taipy import Config

Config.load("config/config.toml")

if __name__ == "__main__":
    tp.Orchestrator().run()
    scenario = tp.create_scenario(Config.scenarios["sales_total"])
    submission = scenario.submit(wait=True)
    print(submission.submission_status.name, scenario.total.read(), flush=True)
"""


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.mark.long
def test_a_worker_of_the_folder_runs_the_jobs_of_the_file_and_of_the_program(
    program: Program, broker_url: str
) -> None:
    write(
        program.folder,
        {
            "main.py": MAIN,
            "config/config.toml": CONFIG,
            "algos/algos.py": "def add(sales):\n    return sum(sales)\n",
            "data/sales.json": "[1, 2, 3]",
        },
    )
    env = {"TAIPY_EXEC_BROKER_URL": broker_url}
    worker = program.worker(broker_url)
    ready_workers(program, broker_url, 1)
    for way in (".", "config/config.toml"):
        result = program.run("submit", way, "--json", env=env, timeout=120)
        assert result.code == 0, result.err
        shown = program.run("data", "show", way, "total", "--json")
        assert shown.json["value"] == 6
        listed = program.run("workers", "-a", way, env=env)
        assert "another configuration" not in listed.err
    ran = program.end(program.start("run", "main.py", env=env), 120)
    assert "COMPLETED 6" in ran.out, ran.err
    end_workers(program, [worker])

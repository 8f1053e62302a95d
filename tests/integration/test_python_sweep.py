"""`tp.sweep` in a program of its own, in the modes that need no broker."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

PROGRAM = """
import json
import sys

import taipy_exec as tp
from taipy_exec import Config, Scope


def note(word):
    with open("ledger", "a") as file:
        file.write(word + "\\n")


def load(raw):
    note("load")
    return raw


def fit(clean, window):
    note(f"fit {window}")
    if window == 13:
        raise ValueError("unlucky window")
    return clean * window


Config.configure_job_executions(mode=sys.argv[1], max_nb_of_workers=2)
raw = Config.configure_json_data_node("raw", default_data=10, scope=Scope.GLOBAL)
clean = Config.configure_pickle_data_node("clean", scope=Scope.GLOBAL)
window = Config.configure_json_data_node("window", default_data=1)
model = Config.configure_json_data_node("model")
tasks = [
    Config.configure_task("load", load, raw, clean, skippable=True),
    Config.configure_task("fit", fit, [clean, window], model, skippable=True),
]
sales = Config.configure_scenario("sales", tasks)
tell = {}
"""
MAIN = """
if __name__ == "__main__":
    tp.Orchestrator().run()
{body}
    print(json.dumps(tell))
"""


def run(folder: Path, mode: str, body: str, *, starts: bool = True) -> Any:
    """What the program has put into `tell`."""
    text = PROGRAM + MAIN.format(body="\n".join(f"    {line}" for line in body.splitlines()))
    if not starts:
        text = text.replace("    tp.Orchestrator().run()\n", "", 1)
    (folder / "program.py").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "program.py", mode],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def ledger(folder: Path) -> Counter[str]:
    return Counter((folder / "ledger").read_text(encoding="utf-8").split("\n")[:-1])


@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_a_sweep_is_a_list_of_submissions_that_run_together(tmp_path: Path, mode: str) -> None:
    told = run(
        tmp_path,
        mode,
        """\
found = tp.sweep(sales, {"window": [7, 14, 28]})
tell["ended"] = found.wait(60)
tell["status"] = found.status.name
tell["statuses"] = [one.submission_status.name for one in found]
tell["same"] = list(found) == found.submissions and len(found) == 3 and found[0].id
tell["names"] = [scenario.name for scenario in found.scenarios]
tell["values"] = found.values
tell["models"] = [scenario.model.read() for scenario in found.scenarios]
found.raise_for_status()
again = tp.sweep(sales, {"window": [7, 14, 28]}, wait=True, note="mine")
tell["again"] = [job.status.name for one in again for job in one.jobs]
tell["ids"] = [a.id == b.id for a, b in zip(found.scenarios, again.scenarios)]
tell["properties"] = [dict(one.properties) for one in again]
""",
    )
    assert told["ended"] is True
    assert told["status"] == "COMPLETED"
    assert told["statuses"] == ["COMPLETED"] * 3
    assert told["same"]
    assert told["names"] == ["window=7", "window=14", "window=28"]
    assert told["values"] == [{"window": 7}, {"window": 14}, {"window": 28}]
    assert told["models"] == [70, 140, 280]
    assert told["again"] == ["SKIPPED"] * 6
    assert told["ids"] == [True] * 3
    assert told["properties"] == [{"note": "mine"}] * 3
    assert ledger(tmp_path) == Counter(["load", "fit 7", "fit 14", "fit 28"])


def test_what_failed_is_raised_with_the_combination(tmp_path: Path) -> None:
    told = run(
        tmp_path,
        "standalone",
        """\
try:
    tp.sweep(sales, {"window": [7, 13]}, raise_on_failure=True, name="june")
except tp.SubmissionFailed as error:
    tell["error"] = error.message
found = tp.sweep(sales, {"window": [7, 13]}, name="june", wait=True)
tell["status"] = found.status.name
""",
    )
    assert told["error"].startswith("1 of 2 combinations did not complete: june window=13: ")
    assert "ValueError: unlucky window" in told["error"]
    assert told["status"] == "FAILED"


def test_a_sweep_before_the_orchestrator_waits_for_it(tmp_path: Path) -> None:
    told = run(
        tmp_path,
        "development",
        """\
found = tp.sweep(sales, {"window": [7, 14]})
tell["before"] = found.status.name
tp.Orchestrator().run()
tell["after"] = found.status.name
""",
        starts=False,
    )
    assert told == {"before": "SUBMITTED", "after": "COMPLETED"}
    assert ledger(tmp_path)["load"] == 1


def test_what_cannot_be_swept_is_refused_and_nothing_is_stored(tmp_path: Path) -> None:
    told = run(
        tmp_path,
        "development",
        """\
for values in ({"window": 7}, {"window": "ab"}, {}, {"clean": [1]}, {"nope": [1]}, {"raw": [1]}):
    try:
        tp.sweep(sales, values)
    except Exception as error:
        tell[str(values)] = type(error).__name__
tell["stored"] = len(tp.get_submissions())
""",
    )
    assert told.pop("stored") == 0
    assert told.pop("{'nope': [1]}") == "NotFoundError"
    assert set(told.values()) == {"UsageError"}
    assert len(told) == 5


KILLED = """
import os
import signal

Service.write_given = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
tp.sweep(Config.scenarios["sales"], {"window": [7, 14], "scale": VALUES})
"""
TOML = """
[JOB]
mode = "standalone"
max_nb_of_workers = 2

[DATA_NODE.window]
storage_type = "json"
default_data = 1

[DATA_NODE.scale]
default_data = 1

[DATA_NODE.model]
storage_type = "json"

[TASK.fit]
function = "jobs.fit:function"
inputs = ["window", "scale"]
outputs = ["model"]

[SCENARIO.sales]
tasks = ["fit"]
"""


@pytest.mark.one_variant
@pytest.mark.parametrize("scale", ["2", "(2,)"])
def test_a_sweep_whose_process_dies_before_its_values_are_written_is_resumed_with_them(
    tmp_path: Path, scale: str
) -> None:
    (tmp_path / "config.toml").write_text(TOML, encoding="utf-8")
    code = "def fit(window, scale):\n    return window * (scale if scale == 2 else scale[0])\n"
    (tmp_path / "jobs.py").write_text(code, encoding="utf-8")
    start = """
import taipy_exec as tp
from taipy_exec import Config
from taipy_exec.api.service import Service

Config.load("config.toml")
tp.Orchestrator().run()
"""
    program = start + KILLED.replace("VALUES", f"[{scale}]")
    died = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, timeout=60, check=False
    )
    assert died.returncode == -signal.SIGKILL, died.stderr
    subprocess.run(
        [sys.executable, "-m", "taipy_exec", "resume", "--json"],
        cwd=tmp_path,
        capture_output=True,
        timeout=60,
        check=True,
    )
    models = (tmp_path / "user_data" / "jsons").glob("DATANODE_model_*")
    assert sorted(json.loads(path.read_text()) for path in models) == [14, 28]


def test_a_value_that_cannot_be_written_stops_the_sweep_and_leaves_nothing_to_resume(
    tmp_path: Path,
) -> None:
    told = run(
        tmp_path,
        "development",
        """\\
from taipy_exec.data.json_file import JsonFile
write = JsonFile.write
def refusing(self, node, value):
    if value == 14:
        raise OSError("the disk is full")
    write(self, node, value)
JsonFile.write = refusing
try:
    tp.sweep(sales, {"window": [7, 14]})
except Exception as error:
    tell["error"] = type(error).__name__
tell["statuses"] = [one.submission_status.name for one in tp.get_submissions()]
tell["properties"] = [dict(one.properties) for one in tp.get_submissions()]
""",
    )
    assert told["error"] == "DataError"
    assert told["statuses"] == ["CANCELED", "CANCELED"]
    assert told["properties"] == [{}, {}]
    assert not (tmp_path / "ledger").exists()

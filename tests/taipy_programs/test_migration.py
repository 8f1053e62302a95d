"""`init --from-taipy`: what it writes runs, in an environment that has no Taipy."""

from __future__ import annotations

import json
import shutil
import tomllib
from typing import Any

import pytest
from command_support import Result
from taipy_support import PROGRAMS, Program

# Found by every Python that starts: as if Taipy were not installed.
WITHOUT_TAIPY = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("taipy", "toml"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocker())
"""


def without_taipy(program: Program, *arguments: str) -> Result:
    folder = program.folder.parent / "blocker"
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(WITHOUT_TAIPY)
    return program.run(*arguments, env={"PYTHONPATH": str(folder)})


def value(program: Program, node: str) -> Any:
    shown = without_taipy(program, "data", "show", "config.toml", node, "--json")
    assert shown.code == 0, shown.err
    return shown.json["value"]


PROGRAM = """
import datetime as dt
import math

import pandas as pd
import taipy as tp
from taipy import Config, Frequency, Scope

FACTOR = 3


class Point:
    def __init__(self, x, y):
        self.x, self.y = int(x), int(y)


def scale(number, points):
    return helper(number) + sum(point.x for point in points)


def helper(number):
    return number * FACTOR


def table(frame, when):
    return frame.assign(z=math.floor(2.5), day=str(when.date()))


def compare(*values):
    return max(values)


n = Config.configure_data_node("n", default_data=4, scope=Scope.GLOBAL, team="a team")
points = Config.configure_csv_data_node("points", default_path="points.csv", exposed_type=Point)
scaled = Config.configure_json_data_node("scaled")
frame = Config.configure_data_node("frame", default_data=pd.DataFrame({"x": [1, 2]}))
when = Config.configure_data_node("when", default_data=dt.datetime(2026, 1, 2, 3, 4))
wide = Config.configure_csv_data_node("wide", validity_period=dt.timedelta(days=1))
tasks = [
    Config.configure_task("scale", scale, [n, points], scaled, skippable=True, retries=2),
    Config.configure_task("table", table, [frame, when], wide),
]
scenario_cfg = Config.configure_scenario(
    "s",
    tasks,
    frequency=Frequency.MONTHLY,
    comparators={"scaled": compare},
    sequences={"only": tasks[:1]},
    owner="me",
)
Config.configure_job_executions(mode="standalone", max_nb_of_workers=3)
Config.configure_core(storage_folder="stored/")
Config.configure_global_app(app_name="an app")

if __name__ == "__main__":
    tp.Orchestrator().run()
"""


@pytest.fixture
def migrated(program: Program) -> Program:
    program.write(PROGRAM)
    (program.folder / "points.csv").write_text("x,y\n1,2\n10,20\n")
    result = program.run("init", "--from-taipy", "main.py")
    assert result.code == 0, result.err
    assert not program.exists(".taipy")
    return program


@pytest.mark.long
def test_what_it_writes_runs_without_taipy(migrated: Program) -> None:
    checked = without_taipy(migrated, "check", "config.toml")
    assert checked.code == 0, checked.err
    result = without_taipy(migrated, "submit", "config.toml", "--json")
    assert result.code == 0, result.err
    assert set(result.statuses().values()) == {"COMPLETED"}
    assert value(migrated, "scaled") == 4 * 3 + 11
    assert value(migrated, "wide")["rows"] == [[1, 2, "2026-01-02"], [2, 2, "2026-01-02"]]
    assert (migrated.folder / "stored").is_dir()


def test_it_says_what_the_program_configures_and_no_more(migrated: Program) -> None:
    found = tomllib.loads((migrated.folder / "config.toml").read_text())
    assert found["JOB"] == {"mode": "standalone", "max_nb_of_workers": "3:int"}
    assert found["CORE"] == {"storage_folder": "stored/"}
    assert found["TAIPY"] == {"app_name": "an app"}
    assert found["DATA_NODE"]["n"] == {
        "default_data": "4:int",
        "scope": "GLOBAL:SCOPE",
        "team": "a team",
    }
    assert found["DATA_NODE"]["wide"]["validity_period"] == "1d0h0m0s:timedelta"
    assert found["TASK"]["scale"]["retries"] == "2:int"
    assert found["SCENARIO"]["s"]["frequency"] == "MONTHLY:FREQUENCY"
    assert found["SCENARIO"]["s"]["sequences"] == {"only": ["scale:SECTION"]}
    text = (migrated.folder / "main_tasks.py").read_text()
    assert "class Point" in text and "FACTOR = 3" in text and "import taipy" not in text


def test_taipy_loads_what_it_writes(migrated: Program) -> None:
    migrated.write("""
import json
from pathlib import Path
from taipy import Config
import taipy.core
Config.load("config.toml")
task = Config.tasks["scale"]
Path("record.json").write_text(json.dumps([task.function.__name__, [n.id for n in task.inputs]]))
""")
    assert migrated.python().code == 0
    assert migrated.read() == ["scale", ["n", "points"]]


@pytest.mark.long
def test_what_is_there_is_not_replaced_unasked(migrated: Program) -> None:
    result = migrated.run("init", "--from-taipy", "main.py")
    assert result.code == 2
    assert "config.toml" in result.err and "--overwrite" in result.err
    assert migrated.run("init", "--from-taipy", "main.py", "--overwrite").code == 0


def test_another_folder_gets_it_where_one_is_named(program: Program) -> None:
    program.write(PROGRAM.replace('default_path="points.csv"', "default_data=[]"))
    result = program.run("init", "new folder", "--from-taipy", ".", "--json")
    assert result.code == 0, result.err
    assert "new folder/config.toml" in json.dumps(result.json["files"])
    assert program.exists("new folder/main_tasks.py") and not program.exists("config.toml")


def test_functions_that_need_taipy_are_told(program: Program) -> None:
    program.write(PROGRAM.replace("return number * FACTOR", "return len(tp.get_scenarios())"))
    (program.folder / "points.csv").write_text("x,y\n")
    result = program.run("init", "--from-taipy", ".")
    assert result.code == 0, result.err
    assert "use something of Taipy in main.py" in result.err
    assert not program.exists("main_tasks.py")


def test_the_recorded_program_has_the_same_results(program: Program) -> None:
    shutil.copy(PROGRAMS / "recorded.py", program.main)
    assert program.run("init", "--from-taipy", ".").code == 0
    result = without_taipy(program, "submit", "config.toml", "--scenario", "meeting", "--json")
    assert result.code == 0, result.err
    found = without_taipy(
        program, "data", "show", "config.toml", "sum", "--scenario", "meeting", "--json"
    )
    assert found.json["value"] == 5 * 2 + (-5 + 1)


def test_a_password_is_not_printed_but_told_of(program: Program) -> None:
    program.write("""
import taipy as tp
from taipy import Config

def work(rows):
    return 1

table = Config.configure_sql_table_data_node(
    "rows", db_name="d", db_engine="postgresql", table_name="t", db_username="me",
    db_password="not-for-all",
)
safe = Config.configure_sql_table_data_node(
    "safe", db_name="d", db_engine="postgresql", table_name="t", db_username="me",
    db_password="ENV[THE_PASSWORD]",
)
o = Config.configure_data_node("o")
Config.configure_scenario("s", [Config.configure_task("work", work, [table, safe], o)])
""")
    result = program.run("init", "--from-taipy", "main.py")
    assert result.code == 0, result.err
    assert "not-for-all" not in result.out + result.err
    assert "config.toml holds db_password of DATA_NODE.rows as it is" in result.err
    assert "DATA_NODE.safe" not in result.err
    text = (program.folder / "config.toml").read_text()
    assert "ENV[THE_PASSWORD]" in text

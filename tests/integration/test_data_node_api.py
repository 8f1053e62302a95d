"""Data nodes from Python: filters, keys, appending, and the script's own reading functions."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from command_support import Application
from server_support import MongoPlace

START = """\
import json
import sys
import taipy_exec as tp
from taipy_exec import Config, JoinOperator, Operator
from taipy_exec.errors import DataError, UsageError

Config.configure_job_executions(mode=sys.argv[1])


def told(act, *errors):
    try:
        return act()
    except errors as error:
        return [type(error).__name__, str(error), error.hint]

"""


def run(app: Application, body: str, mode: str = "development") -> Any:
    """What a script prints as JSON."""
    (app.folder / "script.py").write_text(START + body, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", "script.py", mode],
        cwd=app.folder,
        env=app.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_a_generic_data_node_uses_functions_of_the_script_in_every_mode(
    app: Application, mode: str
) -> None:
    body = """
class Scale:
    def __init__(self, factor):
        self.factor = factor

def read(path, scale):
    return [float(line) * scale.factor for line in open(path)]

def write(values, path):
    with open(path, "w") as file:
        file.writelines(f"{value}\\n" for value in values)

def halve(values):
    return [value / 2 for value in values]

if __name__ == "__main__":
    write([1, 2], "in.txt")
    source = Config.configure_data_node(
        "source", "generic", read_fct=read, read_fct_args=["in.txt", Scale(10)])
    target = Config.configure_data_node(
        "target", "generic", write_fct=write, write_fct_args=["out.txt"])
    task = Config.configure_task("halve", halve, source, target)
    config = Config.configure_scenario("s", [task])
    tp.Orchestrator().run()
    scenario = tp.create_scenario(config)
    submission = scenario.submit(wait=True)
    print(json.dumps([
        submission.submission_status.name,
        open("out.txt").read(),
        scenario.source.read(),
        told(scenario.target.read_or_raise, DataError),
    ]))
"""
    status, written, read, refused = run(app, body, mode)
    assert (status, written, read) == ("COMPLETED", "5.0\n10.0\n", [10.0, 20.0])
    kind, message, hint = refused
    assert kind == "DataError"
    assert message.startswith("data node 'target' cannot be read: it has no read_fct: ")
    assert message.endswith(hint)
    assert "[DATA_NODE.target]" in hint


def test_filter_and_keys_read_the_value_and_choose_from_it(app: Application) -> None:
    body = """
rows = Config.configure_csv_data_node("rows", default_path="rows.csv")
plain = Config.configure_json_data_node("plain", default_data=[{"a": 1}, {"a": 2}])
empty = Config.configure_json_data_node("empty")
number = Config.configure_data_node("number", default_data=3)
task = Config.configure_task("t", len, [rows, plain, empty, number], [])
open("rows.csv", "w").write("a,b\\n1,x\\n2,y\\n3,x\\n")
scenario = tp.create_scenario(Config.configure_scenario("s", [task]))
small = ("a", 3, Operator.LESS_THAN)
print(json.dumps([
    scenario.rows.filter([small, ("b", "x", Operator.EQUAL)]).values.tolist(),
    len(scenario.rows.filter([small, ("b", "x", Operator.EQUAL)], JoinOperator.OR)),
    scenario.rows.filter(small)["a"].tolist(),
    scenario.rows["b"].tolist(),
    scenario.rows[["a"]].columns.tolist(),
    scenario.plain.filter(("a", 1, Operator.GREATER_THAN)),
    scenario.plain[0],
    told(lambda: scenario.empty.filter(small), DataError),
    told(lambda: scenario.rows.filter(("a", 3)), UsageError),
    told(lambda: scenario.number.append(4), DataError),
    told(lambda: scenario.empty.append(4), DataError),
    len(scenario.number.edits),
]))
"""
    found = run(app, body)
    assert found[:7] == [
        [[1, "x"]],
        3,
        [1, 2],
        ["x", "y", "x"],
        ["a"],
        [{"a": 2}],
        {"a": 1},
    ]
    unwritten, no_condition, no_append, no_file, edits = found[7:]
    assert "was never written" in unwritten[1]
    assert no_condition[0] == "UsageError"
    assert no_condition[1].startswith("a condition is (key, value, Operator), not ('a', 3): as in ")
    assert no_append[0] == "DataError"
    assert no_append[1].startswith("data node 'number' (")
    assert "cannot be appended to: a pickle data node cannot be" in no_append[1]
    assert "data node 'empty' (" in no_file[1]
    assert "cannot be appended to: FileNotFoundError" in no_file[1]
    assert edits == 1  # the default data: a failed append is none


def test_a_filter_on_mongo_is_done_by_the_server(app: Application, mongo: MongoPlace) -> None:
    with mongo.database() as database:
        given = mongo.properties(db_name=database.name, collection_name="c")
        body = f"""
given = {given!r}
people = Config.configure_data_node("people", "mongo_collection", **given)
wrong = Config.configure_data_node(
    "wrong", "mongo_collection", **{{**given, "db_extra_args": {{"nonsense": 1}}}})
task = Config.configure_task("t", len, [people, wrong], [])
scenario = tp.create_scenario(Config.configure_scenario("s", [task]))
scenario.people.write([{{"name": "ann", "age": 3}}, {{"name": "bob", "age": 4}}])
scenario.people.append({{"name": "cid", "age": 5}})
print(json.dumps([
    [p.name for p in scenario.people.filter(("age", 4, Operator.GREATER_OR_EQUAL))],
    scenario.people["age"],
    told(lambda: scenario.wrong.filter(("age", 4, Operator.EQUAL)), DataError),
]))
"""
        chosen, ages, wrong = run(app, body)
    assert (chosen, ages) == (["bob", "cid"], [3, 4, 5])
    assert "data node 'wrong' (mongodb://" in wrong[1]
    assert ".c) cannot be read: Unknown option" in wrong[1]

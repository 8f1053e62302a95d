"""A pipeline over tables of a database gives the same rows in every mode."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cluster_support import Cluster, assert_completed
from command_support import Application, wait_until
from database_support import Database, database_on, sqlite_database

from tools.private_broker import PrivateBroker

pytestmark = pytest.mark.one_variant

STEPS = """\
import pandas


def clean(sales):
    return sales.dropna(subset=["qty"]).assign(qty=lambda f: f.qty.astype(int))


def total(cleaned):
    return cleaned.groupby("item", as_index=False).agg(qty=("qty", "sum")).sort_values("item")


def share(totals):
    return {row["item"]: int(row["qty"]) for row in totals.to_dict("records")}


def double(cleaned):
    return [(item, 2 * int(qty)) for item, qty in zip(cleaned["item"], cleaned["qty"])]


def write_doubles(rows):
    insert = ("INSERT INTO doubles VALUES (:item, :qty)", [{"item": i, "qty": q} for i, q in rows])
    return ["DELETE FROM doubles", insert]
"""
TABLES = (
    "CREATE TABLE sales (item VARCHAR(20), qty INTEGER)",
    "INSERT INTO sales VALUES ('pear', 3), ('fig', 4), ('pear', 5), ('fig', NULL)",
    "CREATE TABLE cleaned (item VARCHAR(20), qty INTEGER)",
    "INSERT INTO cleaned VALUES ('stale', 1)",
    "CREATE TABLE totals (item VARCHAR(20), qty INTEGER)",
    "CREATE TABLE doubles (item VARCHAR(20), qty INTEGER)",
)
CLEANED = [("fig", 4), ("pear", 3), ("pear", 5)]
TOTALS = [("fig", 4), ("pear", 8)]
DOUBLES = [("fig", 8), ("pear", 6), ("pear", 10)]


def toml(database: Database, mode: str, job: str = "") -> str:
    place = database.toml().replace(
        f'db_password = "{database.properties.get("db_password")}"',
        'db_password = "ENV[SHOP_PASSWORD]"',
    )
    tables = "".join(
        f'[DATA_NODE.{name}]\nstorage_type = "sql_table"\ntable_name = "{name}"\n{place}\n'
        for name in ("sales", "cleaned", "totals")
    )
    return f"""\
[JOB]
mode = "{mode}"
{job}
{tables}
[DATA_NODE.shares]

[DATA_NODE.doubles]
storage_type = "sql"
read_query = "SELECT item, qty FROM doubles ORDER BY item, qty"
write_query_builder = "steps.write_doubles:function"
{place}
[TASK.clean]
function = "steps.clean:function"
inputs = ["sales:SECTION"]
outputs = ["cleaned:SECTION"]

[TASK.total]
function = "steps.total:function"
inputs = ["cleaned:SECTION"]
outputs = ["totals:SECTION"]

[TASK.double]
function = "steps.double:function"
inputs = ["cleaned:SECTION"]
outputs = ["doubles:SECTION"]

[TASK.share]
function = "steps.share:function"
inputs = ["totals:SECTION"]
outputs = ["shares:SECTION"]

[SCENARIO.s]
tasks = ["clean:SECTION", "total:SECTION", "double:SECTION", "share:SECTION"]
"""


def environment(database: Database) -> dict[str, str]:
    return {"SHOP_PASSWORD": str(database.properties.get("db_password", ""))}


def rows(database: Database, table: str) -> list[tuple[Any, ...]]:
    return sorted(database.run(f"SELECT item, qty FROM {table}"))


def assert_right(database: Database) -> None:
    assert rows(database, "cleaned") == CLEANED
    assert rows(database, "totals") == TOTALS
    assert rows(database, "doubles") == DOUBLES


@pytest.mark.long
@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_a_pipeline_gives_the_same_rows(app: Application, database: Database, mode: str) -> None:
    database.run(*TABLES)
    app.module("steps", STEPS)
    app.config(toml(database, mode))
    for _ in range(2):
        result = app.run("submit", ".", "--json", env=environment(database))
        assert_completed(result)
        assert_right(database)
    shown = app.run("data", "show", ".", "shares", "--json", env=environment(database))
    assert shown.json["value"] == {"fig": 4, "pear": 8}
    listed = app.run("data", "list", ".", env=environment(database))
    assert listed.code == 0
    password = environment(database)["SHOP_PASSWORD"]
    assert not password or password not in listed.out + listed.err + result.out + result.err


@pytest.mark.long
def test_a_pipeline_gives_the_same_rows_on_two_workers(
    app: Application, broker: PrivateBroker, broker_url: str, postgres: Any
) -> None:
    with database_on(postgres, "postgresql") as database:
        database.run(*TABLES)
        app.module("steps", STEPS)
        cluster = Cluster(app, broker, broker_url)
        app.config(toml(database, "cluster"))
        secret = environment(database)
        workers = [
            app.start(
                "run-worker",
                "--application-path",
                ".",
                env=cluster.environment(**secret),
            )
            for _ in range(2)
        ]
        result = app.run("submit", ".", "--json", env=cluster.environment(**secret), timeout=120)
        assert_completed(result)
        assert_right(database)
        cluster.leave(*workers)


def test_a_sqlite_file_lies_in_the_applications_folder_from_wherever_it_is_run(
    app: Application, tmp_path: Path
) -> None:
    database = sqlite_database(app.folder / "data")
    database.run(*TABLES)
    app.module("steps", STEPS)
    text = toml(database, "standalone").replace(str(app.folder / "data"), "data")
    assert str(app.folder) not in text
    app.config(text)
    result = app.run("submit", str(app.folder), "--json", cwd=tmp_path)
    assert_completed(result)
    assert_right(database)


@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_a_wrong_password_is_one_sentence_of_the_job(
    app: Application, server_database: Database, mode: str
) -> None:
    server_database.run(*TABLES)
    app.module("steps", STEPS)
    app.config(toml(server_database, mode))
    result = app.run("submit", ".", "--json", env={"SHOP_PASSWORD": "wr0ng-one"})
    assert result.code == 1
    error = result.job("clean")["error"]
    properties = server_database.properties
    server = f"{properties['db_host']}:{properties['db_port']}"
    assert error["kind"] == "read_input"
    assert error["message"] == (
        f"reading data node 'sales': table sales in {properties['db_engine']}://{server}/"
        f"{properties['db_name']}: {server} refuses user {properties['db_username']!r} with this "
        "password: check db_username and db_password"
    )
    assert error["traceback"] is None
    log = "".join(
        path.read_text(errors="replace")
        for path in (app.folder / ".taipy-exec").rglob("*")
        if path.is_file()
    )
    assert "wr0ng-one" not in result.out + result.err + log


def test_a_job_that_is_killed_while_it_writes_leaves_the_former_rows(
    app: Application, database: Database
) -> None:
    database.run(*TABLES)
    app.module(
        "steps",
        f"{STEPS}\n\ndef clean(sales):\n    import taipy_exec.data.sql_table as t\n"
        "    insert = t._insert\n    def stay(*a):\n        insert(*a)\n"
        "        note(f'begin {os.getpid()}')\n        wait_for('gate')\n"
        "    t._insert = stay\n    return sales.dropna()\n",
    )
    app.config(toml(database, "standalone"))
    submit = app.start("submit", ".", "--json", env=environment(database))
    (pid,) = app.begun()
    import os
    import signal

    os.kill(pid, signal.SIGKILL)
    result = app.end(submit)
    assert result.code == 1
    assert result.job("clean")["error"]["kind"] == "process_died"
    assert rows(database, "cleaned") == [("stale", 1)]
    wait_until(lambda: not app.processes(), 10)

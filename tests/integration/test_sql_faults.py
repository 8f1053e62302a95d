"""sql data nodes when something dies, is locked, is refused or cannot be reached."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas
import pytest
from command_support import wait_until
from database_support import Database

from taipy_exec.config.application import AppConfig, DataNodeConfig
from taipy_exec.data.node import DataNodeRef, Owner, locate
from taipy_exec.errors import DataError
from tools.private_broker import free_ports

pytestmark = pytest.mark.one_variant

TABLE = "CREATE TABLE sales (id INTEGER, who VARCHAR(40))"
OLD = "INSERT INTO sales VALUES (7, 'old')"


def table_in(database: Database, root: Path, **given: Any) -> DataNodeRef:
    properties = {"table_name": "sales", "exposed_type": "pandas", **database.properties, **given}
    config = DataNodeConfig(id="sales", storage_type="sql_table", properties=properties)
    app = AppConfig(root=root, state_dir=root / "state")
    return locate(app, config, Owner(instance="SCENARIO_s_1"))


def told(action: Callable[[], object], database: Database) -> str:
    """The sentence with which an action fails: one line, without password and SQL."""
    with pytest.raises(DataError) as caught:
        action()
    text = caught.value.message
    assert "\n" not in text
    for secret in ("sqlalche.me", "[SQL", "parameters", "psycopg2.", "pymysql."):
        assert secret not in text, text
    password = database.properties.get("db_password")
    assert not password or password not in text
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return text


# -- in a process of its own ----------------------------------------------------------------

_WRITER = """
import dataclasses, json, os, sys, time
from pathlib import Path
from taipy_exec.config.application import AppConfig, DataNodeConfig
from taipy_exec.data.node import Owner, locate

properties, who, rows, folder = json.loads(sys.argv[1])
config = DataNodeConfig(id="sales", storage_type="sql_table", properties=properties)
app = AppConfig(root=Path(folder), state_dir=Path(folder))
calls = []

def before():
    calls.append(1)
    if len(calls) == 2:
        Path(folder, f"ready-{who}").touch()
        while Path(folder, "hold").exists():
            time.sleep(0.01)

node = dataclasses.replace(locate(app, config, Owner(instance="s")), before_change=before)
for value in range(5 if who.startswith("many") else 1):
    node.write({"id": list(range(rows)), "who": [f"{who} {value}"] * rows})
"""


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def writer(database: Database, tmp_path: Path) -> Iterator[Start]:
    """Starts processes that write the table, and stay before the commit while there is a `hold`.

    None outlives the test: what it holds could not be dropped.
    """
    processes: list[subprocess.Popen[str]] = []

    def start(who: str = "new", rows: int = 1000) -> subprocess.Popen[str]:
        properties = {"table_name": "sales", "exposed_type": "pandas", **database.properties}
        arguments = json.dumps([properties, who, rows, str(tmp_path)])
        process = subprocess.Popen(
            [sys.executable, "-c", _WRITER, arguments],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate(timeout=20)


def finish(process: subprocess.Popen[str]) -> str:
    """Its exit must be in order; what it said otherwise."""
    _, err = process.communicate(timeout=60)
    return "" if process.returncode == 0 else err


def test_a_writer_killed_between_delete_and_commit_leaves_the_former_rows(
    database: Database, writer: Start, tmp_path: Path
) -> None:
    database.run(TABLE, OLD)
    (tmp_path / "hold").touch()
    process = writer()
    wait_until(lambda: (tmp_path / "ready-new").exists())
    assert database.run("SELECT * FROM sales") == [(7, "old")]
    process.send_signal(signal.SIGKILL)
    process.wait(20)
    (tmp_path / "hold").unlink()
    assert database.run("SELECT * FROM sales") == [(7, "old")]
    table_in(database, tmp_path).write({"id": [8]})
    assert database.run("SELECT * FROM sales") == [(8, None)]


def test_two_processes_that_write_at_once_never_mix_their_rows(
    database: Database, writer: Start, tmp_path: Path
) -> None:
    database.run(TABLE)
    processes = [writer(f"many{number}", 300) for number in range(3)]
    seen: Counter[str] = Counter()
    while any(process.poll() is None for process in processes):
        found = database.run("SELECT who, count(*) FROM sales GROUP BY who")
        assert len(found) <= 1, found
        assert all(count == 300 for _, count in found)
        seen.update(who for who, _ in found)
    assert [finish(process) for process in processes] == [""] * 3
    assert len(database.run("SELECT who, count(*) FROM sales GROUP BY who")) == 1


def test_a_second_writer_waits_until_the_first_has_committed(
    database: Database, writer: Start, tmp_path: Path
) -> None:
    database.run(TABLE)
    (tmp_path / "hold").touch()
    first = writer("first", 10)
    wait_until(lambda: (tmp_path / "ready-first").exists())
    second = writer("second", 20)
    with pytest.raises(subprocess.TimeoutExpired):
        second.wait(1.5)
    assert not (tmp_path / "ready-second").exists()
    (tmp_path / "hold").unlink()
    assert finish(first) == finish(second) == ""
    assert database.run("SELECT DISTINCT who FROM sales") == [("second 0",)]


def test_a_table_that_stays_locked_is_told_after_a_bound(
    database: Database, writer: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("sql_table", "sql_connection", "sql_errors"):
        monkeypatch.setattr(f"taipy_exec.data.{module}.LOCK_SECONDS", 1)
    database.run(TABLE, OLD)
    (tmp_path / "hold").touch()
    process = writer()
    wait_until(lambda: (tmp_path / "ready-new").exists())
    extra = {"db_extra_args": {"timeout": 1}} if database.engine == "sqlite" else {}
    node = table_in(database, tmp_path, **extra)
    assert "another process kept it locked for 1 s" in told(
        lambda: node.write({"id": [1]}), database
    )
    assert node.read()["id"].tolist() == [7]
    (tmp_path / "hold").unlink()
    assert finish(process) == ""


# -- servers that go away --------------------------------------------------------------------


def test_a_server_that_dies_before_the_commit_is_told_and_the_former_rows_stay(
    own_server: Database, tmp_path: Path
) -> None:
    import dataclasses

    own_server.run(TABLE, OLD)
    plain = table_in(own_server, tmp_path)
    calls: list[int] = []

    def die() -> None:
        calls.append(1)
        if len(calls) == 2:
            own_server.server.kill()

    node = dataclasses.replace(plain, before_change=die)
    assert "was lost while the new rows were committed" in told(
        lambda: node.write({"id": [1]}), own_server
    )
    assert "cannot be reached" in told(plain.read, own_server)
    own_server.server.start()
    assert plain.read()["id"].tolist() == [7]
    plain.write({"id": [8]})
    assert plain.read()["id"].tolist() == [8]


def test_a_server_that_dies_in_the_middle_of_the_rows_is_told(
    own_server: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from taipy_exec.data import sql_copy, sql_table

    own_server.run(TABLE, OLD)
    node = table_in(own_server, tmp_path)
    node.read()

    def parts(frame: Any) -> Any:
        yield frame
        own_server.server.kill()
        yield frame

    for module in (sql_copy, sql_table):
        monkeypatch.setattr(module, "chunks_of", parts)
    assert "was lost; nothing was changed" in told(lambda: node.write({"id": [1]}), own_server)
    monkeypatch.undo()
    own_server.server.start()
    assert node.read()["id"].tolist() == [7]
    own_server.server.stop()
    own_server.server.start()
    assert node.read()["id"].tolist() == [7]


def test_no_connection_stays_open(server_database: Database, tmp_path: Path) -> None:
    server_database.run(TABLE)
    node = table_in(server_database, tmp_path)
    node.write({"id": [1]})
    node.read()
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        if server_database.engine == "postgresql"
        else "SELECT count(*) FROM information_schema.PROCESSLIST WHERE DB = DATABASE()"
    )
    wait_until(lambda: server_database.run(query) == [(1,)])


# -- wrong properties ------------------------------------------------------------------------


def test_nobody_at_the_port_is_told(server_database: Database, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    node = table_in(server_database, tmp_path, db_port=port)
    text = told(node.read, server_database)
    assert text == (
        f"{server_database.properties['db_host']}:{port} cannot be reached (Connection refused): "
        "is the server up, and are db_host and db_port right?"
    )


def test_an_unknown_host_is_told(server_database: Database, tmp_path: Path) -> None:
    node = table_in(server_database, tmp_path, db_host="nowhere.invalid")
    assert "nowhere.invalid:" in told(node.read, server_database)
    assert "cannot be reached (" in told(node.read, server_database)


def test_a_port_that_does_not_speak_is_told_within_a_bound(
    server_database: Database, tmp_path: Path
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        given = {"db_host": "127.0.0.1", "db_extra_args": {"connect_timeout": 2}}
        node = table_in(server_database, tmp_path, db_port=port, **given)
        assert "cannot be reached" in told(node.read, server_database)


@pytest.mark.parametrize("wrong", [{"db_username": "nobody_here"}, {"db_password": "wr0ng/pass"}])
def test_a_wrong_user_or_password_is_told(
    server_database: Database, tmp_path: Path, wrong: dict[str, str]
) -> None:
    node = table_in(server_database, tmp_path, **wrong)
    text = told(node.read, server_database)
    assert "refuses user" in text
    assert "check db_username and db_password" in text
    assert "wr0ng" not in text


def test_a_missing_database_is_told(server_database: Database, tmp_path: Path) -> None:
    node = table_in(server_database, tmp_path, db_name="no_such_db")
    assert "has no database 'no_such_db': make it, or correct db_name" in told(
        node.read, server_database
    )


def test_a_missing_sqlite_file_is_told_and_not_made(tmp_path: Path) -> None:
    database = Database(engine="sqlite", name="shop", folder=tmp_path)
    node = table_in(database, tmp_path)
    assert node.place == f"table sales in sqlite file {tmp_path}/shop.db"
    for action in (node.read, lambda: node.write(pandas.DataFrame({"id": [1]}))):
        assert told(action, database).startswith("there is no such file: make the database")
    assert not (tmp_path / "shop.db").exists()


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "shop.db").write_text("id,who\n" * 500)
    database = Database(engine="sqlite", name="shop", folder=tmp_path)
    assert "not a database" in told(table_in(database, tmp_path).read, database)


def test_a_user_who_may_not_write_is_told(server_database: Database, tmp_path: Path) -> None:
    user = f"reader_{server_database.name[-8:]}"
    if server_database.engine == "postgresql":
        grants = [f"CREATE USER {user} PASSWORD 'pass-word'", f"GRANT SELECT ON sales TO {user}"]
        drops = [f"DROP OWNED BY {user}", f"DROP USER {user}"]
    else:
        grants = [
            f"CREATE USER {user} IDENTIFIED BY 'pass-word'",
            f"GRANT SELECT ON {server_database.name}.* TO {user}",
        ]
        drops = [f"DROP USER {user}"]
    server_database.run(TABLE, OLD, *grants)
    try:
        node = table_in(server_database, tmp_path, db_username=user, db_password="pass-word")
        assert node.read()["id"].tolist() == [7]
        assert "denied" in told(lambda: node.write({"id": [1]}), server_database)
    finally:
        server_database.run(*drops)
    assert server_database.run("SELECT * FROM sales") == [(7, "old")]


def test_a_user_who_may_only_insert_can_append(server_database: Database, tmp_path: Path) -> None:
    user = f"adder_{server_database.name[-8:]}"
    postgres = server_database.engine == "postgresql"
    made = f"CREATE USER {user} {'PASSWORD' if postgres else 'IDENTIFIED BY'} 'pass-word'"
    table = "sales" if postgres else f"{server_database.name}.sales"
    server_database.run(TABLE, OLD, made, f"GRANT INSERT ON {table} TO {user}")
    try:
        node = table_in(server_database, tmp_path, db_username=user, db_password="pass-word")
        node.append({"id": [8]})
    finally:
        server_database.run(*([f"DROP OWNED BY {user}"] if postgres else []), f"DROP USER {user}")
    assert server_database.run("SELECT id FROM sales ORDER BY id") == [(7,), (8,)]


@pytest.mark.parametrize("server_database", ["mysql"], indirect=True)
def test_a_table_without_transactions_is_refused(server_database: Database, tmp_path: Path) -> None:
    server_database.run(f"{TABLE} ENGINE = MyISAM", OLD)
    node = table_in(server_database, tmp_path)
    text = told(lambda: node.write({"id": [1]}), server_database)
    assert "ALTER TABLE sales ENGINE = InnoDB" in text
    assert server_database.run("SELECT * FROM sales") == [(7, "old")]

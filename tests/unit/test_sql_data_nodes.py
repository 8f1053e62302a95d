"""Addresses, checks and queries of sql data nodes: without any server."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from taipy_exec.config.application import AppConfig, DataNodeConfig
from taipy_exec.config.checker import check
from taipy_exec.config.compile import Compiled, compile_layers
from taipy_exec.config.layers import layer_from_toml
from taipy_exec.config.problem import Level
from taipy_exec.config.reference import ClassRef, FunctionRef
from taipy_exec.config.toml_file import read_toml
from taipy_exec.data import extras
from taipy_exec.data.node import DataNodeRef, Owner, locate
from taipy_exec.data.sql_address import require_driver, url_of
from taipy_exec.errors import ConfigurationError, DataError

SERVER = {
    "db_name": "shop",
    "db_username": "me",
    "db_password": "p@ss/w:rd",
    "db_host": "db.example",
}


def node(root: Path, kind: str = "sql_table", **given: Any) -> DataNodeRef:
    properties = {"exposed_type": "pandas", **given}
    if kind == "sql_table":
        properties.setdefault("table_name", "sales")
    config = DataNodeConfig(id="sales", storage_type=kind, properties=properties)
    app = AppConfig(root=root, state_dir=root / "state")
    return locate(app, config, Owner(instance="SCENARIO_s_1"))


def url(root: Path, **given: Any) -> str:
    return str(url_of(node(root, **given)).render_as_string(hide_password=False))


# -- addresses -----------------------------------------------------------------------------


def test_each_server_has_its_own_driver_and_default_port(tmp_path: Path) -> None:
    shown = {
        engine: url(tmp_path, db_engine=engine, **SERVER).partition("?")[0]
        for engine in ("postgresql", "mysql", "mssql")
    }
    secret = "me:p%40ss%2Fw%3Ard@db.example"
    assert shown == {
        "postgresql": f"postgresql+psycopg2://{secret}:5432/shop",
        "mysql": f"mysql+pymysql://{secret}:3306/shop",
        "mssql": f"mssql+pyodbc://{secret}:1433/shop",
    }


def test_mssql_takes_driver_and_extra_arguments_into_the_url(tmp_path: Path) -> None:
    given = {
        "db_driver": "ODBC Driver 18 for SQL Server",
        "db_extra_args": {"TrustServerCertificate": True, "Encrypt": "yes"},
    }
    made = url_of(node(tmp_path, db_engine="mssql", **SERVER, **given))
    assert dict(made.query) == {
        "driver": "ODBC Driver 18 for SQL Server",
        "TrustServerCertificate": "yes",
        "Encrypt": "yes",
    }


def test_pyodbc_gets_the_whole_connection_string(tmp_path: Path) -> None:
    made = url_of(
        node(tmp_path, db_engine="mssql", db_port=1500, db_driver="ODBC Driver 18", **SERVER)
    )
    arguments, _ = made.get_dialect()().create_connect_args(made)
    for part in ("DRIVER={ODBC Driver 18}", "Server=db.example,1500", "Database=shop", "UID=me"):
        assert part in arguments[0]


def test_extra_arguments_and_the_port_win_over_ours(tmp_path: Path) -> None:
    given = {"db_port": 6000, "db_extra_args": {"connect_timeout": 3, "sslmode": "require"}}
    made = url_of(node(tmp_path, db_engine="postgresql", **SERVER, **given))
    assert made.port == 6000
    assert made.query["connect_timeout"] == "3"
    assert made.query["sslmode"] == "require"


def test_the_host_is_localhost_where_none_is_given(tmp_path: Path) -> None:
    given = {**SERVER, "db_host": None}
    assert "@localhost:5432/" in url(tmp_path, db_engine="postgresql", **given)


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({}, "shop.db"),
        ({"sqlite_folder_path": "data"}, "data/shop.db"),
        ({"sqlite_folder_path": "data\\deep\\"}, "data/deep/shop.db"),
        ({"sqlite_file_extension": ".sqlite3"}, "shop.sqlite3"),
        ({"sqlite_file_extension": ""}, "shop"),
        ({"sqlite_folder_path": "/elsewhere"}, "/elsewhere/shop.db"),
    ],
)
def test_sqlite_files_start_at_the_applications_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, str], path: str
) -> None:
    monkeypatch.chdir("/")
    found = node(tmp_path, db_engine="sqlite", db_name="shop", **given)
    assert found.path == tmp_path / path
    assert found.place == f"table sales in sqlite file {tmp_path / path}"


def test_a_place_names_neither_user_nor_password(tmp_path: Path) -> None:
    table = node(tmp_path, db_engine="postgresql", **SERVER)
    assert table.place == table.key == "table sales in postgresql://db.example:5432/shop"
    queries = node(tmp_path, "sql", db_engine="mysql", **SERVER)
    assert queries.place == "queries of sales in mysql://db.example:3306/shop"
    for shown in (repr(table), repr(table.config), str(queries)):
        assert "p@ss" not in shown


@pytest.mark.parametrize(
    ("engine", "module", "extra"),
    [
        ("sqlite", "sqlalchemy", "sql"),
        ("postgresql", "psycopg2", "postgresql"),
        ("mysql", "pymysql", "mysql"),
        ("mssql", "pyodbc", "mssql"),
    ],
)
def test_a_missing_driver_is_told_with_its_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str, module: str, extra: str
) -> None:
    found = extras.importlib.import_module

    def without(name: str) -> Any:
        if name == module:
            raise ModuleNotFoundError(name)
        return found(name)

    monkeypatch.setattr(extras.importlib, "import_module", without)
    with pytest.raises(ConfigurationError, match=f"need {module}") as caught:
        require_driver(node(tmp_path, db_engine=engine, **SERVER))
    assert caught.value.hint == f"pip install 'taipy-exec[{extra}]'"


def test_a_driver_that_cannot_be_imported_is_told_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(name: str) -> Any:
        raise ImportError("libodbc.so.2: cannot open shared object file")

    monkeypatch.setattr(extras.importlib, "import_module", broken)
    with pytest.raises(ConfigurationError, match=r"cannot be imported: libodbc\.so\.2") as caught:
        require_driver(node(tmp_path, db_engine="mssql", **SERVER))
    assert caught.value.hint is None


# -- checks --------------------------------------------------------------------------------


def problems(folder: Path, text: str) -> list[tuple[Level, str | None, str]]:
    path = folder / "config.toml"
    path.write_text(text)
    compiled: Compiled = compile_layers(
        [layer_from_toml(read_toml(path))], root=folder, state_dir=folder
    )
    found = check(
        compiled,
        modes={"development": None},
        storage_types=("sql_table", "sql", "pickle"),
        imports=False,
    )
    return [(problem.level, problem.field, problem.message) for problem in found]


GOOD = '[DATA_NODE.n]\nstorage_type = "sql_table"\ndb_name = "shop"\ntable_name = "t"\n'


@pytest.mark.parametrize(
    ("text", "field", "message"),
    [
        ('[DATA_NODE.n]\nstorage_type = "sql_table"\n', "db_name", "is missing"),
        (f'{GOOD}db_engine = "postgresql"\n', "db_username", 'db_engine = "postgresql" needs it'),
        (f'{GOOD}db_engine = "mysql"\ndb_username = "me"\n', "db_password", "is missing"),
        (f'{GOOD}db_engine = "postgres"\n', "db_engine", "did you mean 'postgresql'?"),
        (f'{GOOD}db_engine = "sqlite"\ndb_port = 0\n', "db_port", "from 1 to 65535"),
        (f'{GOOD}db_engine = "sqlite"\ndb_extra_args = "a=1"\n', "db_extra_args", "a table"),
        (f'{GOOD}db_engine = "sqlite"\nsqlite_folder_path = 1\n', "sqlite_folder_path", "a text"),
        (
            '[DATA_NODE.n]\nstorage_type = "sql"\ndb_name = "s"\ndb_engine = "sqlite"\n'
            'read_query = "q"\n',
            "write_query_builder",
            "is missing",
        ),
        (
            '[DATA_NODE.n]\nstorage_type = "sql"\ndb_name = "s"\ndb_engine = "sqlite"\n'
            'read_query = "q"\nwrite_query_builder = "m.f"\n',
            "write_query_builder",
            "must be a function",
        ),
    ],
)
def test_what_is_missing_or_wrong_is_an_error(
    tmp_path: Path, text: str, field: str, message: str
) -> None:
    found = problems(tmp_path, text)
    assert any(
        level is Level.ERROR and key == field and message in told for level, key, told in found
    ), found


def test_a_whole_sqlite_table_is_fine(tmp_path: Path) -> None:
    assert problems(tmp_path, f'{GOOD}db_engine = "sqlite"\n') == []


def test_the_default_section_is_only_warned_of(tmp_path: Path) -> None:
    found = problems(tmp_path, '[DATA_NODE.default]\nstorage_type = "sql_table"\n')
    assert {level for level, _, _ in found} == {Level.WARNING}


def test_a_password_in_the_file_is_warned_of_and_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = f'{GOOD}db_engine = "mysql"\ndb_username = "me"\n'
    found = problems(tmp_path, f'{server}db_password = "s3cret"\n')
    assert [(level, key) for level, key, _ in found] == [(Level.WARNING, "db_password")]
    assert "s3cret" not in str(found)
    monkeypatch.setenv("SHOP_PASSWORD", "s3cret")
    assert problems(tmp_path, f'{server}db_password = "ENV[SHOP_PASSWORD]"\n') == []
    assert "s3cret" not in str(problems(tmp_path, f'{server}db_pasword = "s3cret"\n'))


# -- queries -------------------------------------------------------------------------------


def build(value: Any) -> list[Any]:
    return ["DELETE FROM t", ("INSERT INTO t VALUES (:a, :b)", value)]


def build_one(value: Any) -> tuple[str, Any]:
    return ("INSERT INTO t VALUES (:a, :b)", {"a": value, "b": "50 %"})


def build_half(value: Any) -> list[str]:
    return ["DELETE FROM t", "INSERT INTO nowhere VALUES (1)"]


def build_nothing(value: Any) -> list[int]:
    return [value]


class Row:
    def __init__(self, a: int, b: str) -> None:
        self.a, self.b = a, b


def reference(function: Any) -> FunctionRef:
    return FunctionRef.of(function)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    connection = sqlite3.connect(path)
    connection.executescript("CREATE TABLE t (a INTEGER, b TEXT); INSERT INTO t VALUES (7, 'old')")
    connection.close()
    return path


def queries(root: Path, **given: Any) -> DataNodeRef:
    properties = {
        "db_engine": "sqlite",
        "db_name": "shop",
        "read_query": "SELECT * FROM t WHERE b LIKE '%' ORDER BY a",
        "write_query_builder": reference(build),
        **given,
    }
    return node(root, "sql", **properties)


def held(path: Path) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute("SELECT * FROM t ORDER BY a").fetchall()
    finally:
        connection.close()


def test_the_builders_queries_run_in_order_with_their_parameters(
    tmp_path: Path, file: Path
) -> None:
    found = queries(tmp_path)
    found.write([{"a": 1, "b": "x"}, {"a": 2, "b": "y"}])
    assert held(file) == [(1, "x"), (2, "y")]
    assert found.read()["a"].tolist() == [1, 2]


def test_one_query_alone_may_be_returned(tmp_path: Path, file: Path) -> None:
    queries(tmp_path, append_query_builder=reference(build_one)).append(8)
    assert held(file) == [(7, "old"), (8, "50 %")]


def test_appending_needs_its_builder(tmp_path: Path, file: Path) -> None:
    with pytest.raises(DataError, match="cannot be appended to without append_query_builder"):
        queries(tmp_path).append(1)


def test_a_query_that_fails_takes_the_others_back(tmp_path: Path, file: Path) -> None:
    with pytest.raises(DataError, match="no such table: nowhere: make it"):
        queries(tmp_path, write_query_builder=reference(build_half)).write(1)
    assert held(file) == [(7, "old")]


def test_what_the_builder_returns_is_checked(tmp_path: Path, file: Path) -> None:
    with pytest.raises(DataError, match=r"must return a query or a list .* returned an int"):
        queries(tmp_path, write_query_builder=reference(build_nothing)).write(1)


def test_a_parameter_that_is_missing_is_told_in_one_line(tmp_path: Path, file: Path) -> None:
    with pytest.raises(DataError, match="'b'") as caught:
        queries(tmp_path).write([{"a": 1}])
    assert "\n" not in caught.value.message
    assert "sqlalche" not in caught.value.message
    assert held(file) == [(7, "old")]
    with pytest.raises(DataError, match="the query has a parameter, :x"):
        queries(tmp_path, read_query="SELECT * FROM t WHERE a = :x").read()


def test_rows_of_a_query_become_objects(tmp_path: Path, file: Path) -> None:
    (row,) = queries(tmp_path, exposed_type=ClassRef(f"{__name__}.Row")).read()
    assert (row.a, row.b) == (7, "old")


def test_a_wrong_query_is_told_with_the_databases_words(tmp_path: Path, file: Path) -> None:
    with pytest.raises(DataError, match="no such column: colour"):
        queries(tmp_path, read_query="SELECT colour FROM t").read()


def test_checking_and_locating_import_no_library(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        f'{GOOD}db_engine = "sqlite"\n[TASK.t]\nfunction = "builtins.print:function"\n'
        'inputs = ["n:SECTION"]\noutputs = []\n[SCENARIO.s]\ntasks = ["t:SECTION"]\n'
    )
    code = (
        "import sys\nfrom taipy_exec.cli.main import app\n"
        "for words in (['check', '.'], ['data', 'list', '.'], ['plan', '.']):\n"
        "    app(words, standalone_mode=False)\n"
        "print(sorted({'sqlalchemy', 'pandas', 'numpy', 'psycopg2', 'pymysql'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "[]" in (done.stdout + done.stderr).splitlines(), done.stdout + done.stderr

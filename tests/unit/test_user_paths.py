"""Paths as users write them: `~`, `..`, links, `pathlib`, and what no file can be called."""

import os
import pwd
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from taipy_exec.api.configuration import Configuration
from taipy_exec.config.application import AppConfig, CoreConfig, DataNodeConfig
from taipy_exec.config.cluster import cluster_config
from taipy_exec.config.compile import Compiled, compile_layers
from taipy_exec.config.layers import layer_from_toml
from taipy_exec.config.path_checks import folder_problems, path_problems
from taipy_exec.config.problem import Problem
from taipy_exec.config.toml_file import read_toml
from taipy_exec.config.user_path import user_path, wrong_path
from taipy_exec.data.node import DataNodeRef, Owner, locate

ME = pwd.getpwuid(os.getuid())
OWNER = Owner(instance="SCENARIO_s_1")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An application in the home folder of the user."""
    folder = tmp_path / "home" / "app"
    (folder / "data").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return folder


SPELLINGS = ["x.csv", "./x.csv", "data/../x.csv", "~/app/x.csv", "~/app/data/../x.csv", ".//x.csv"]


def csv(root: Path, path: str) -> DataNodeRef:
    config = DataNodeConfig(id="x", storage_type="csv", properties={"path": path})
    return locate(AppConfig(root=root, state_dir=root), config, OWNER)


@pytest.mark.parametrize("spelling", [*SPELLINGS, "{root}/x.csv", "{root}/data/../x.csv"])
def test_two_spellings_of_a_file_are_the_same_file(root: Path, spelling: str) -> None:
    found = csv(root, spelling.format(root=root))
    assert found.path == root / "x.csv"
    assert found.key == csv(root, "x.csv").key


def test_a_file_is_the_same_behind_whatever_links(root: Path) -> None:
    (root / "link.csv").symlink_to("x.csv")
    (root / "folder").symlink_to(root / "data")
    assert csv(root, "link.csv").key == csv(root, "x.csv").key
    assert csv(root, "folder/y.csv").key == csv(root, "data/y.csv").key
    assert csv(root, "link.csv").path == root / "link.csv"  # which messages name
    assert csv(root, "y.csv").key != csv(root, "x.csv").key


def test_the_folder_above_a_link_is_that_of_its_target(root: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere" / "deep").mkdir(parents=True)
    (root / "link").symlink_to(tmp_path / "elsewhere" / "deep")
    assert user_path(root, "link/../x.csv") == tmp_path / "elsewhere" / "x.csv"


def test_the_home_of_a_named_user_is_found(root: Path) -> None:
    assert user_path(root, f"~{ME.pw_name}/x") == Path(ME.pw_dir) / "x"
    assert user_path(root, "./~/x") == root / "~" / "x"
    assert user_path(root, "a~/x") == root / "a~" / "x"


@pytest.mark.parametrize("spelling", ["", ".", "./", "data/..", "~/app", "{root}"])
def test_a_database_of_sqlite_is_one_however_its_folder_is_spelled(
    root: Path, spelling: str
) -> None:
    def key(folder: str) -> str:
        given = {"db_engine": "sqlite", "db_name": "d", "table_name": "t"}
        node = DataNodeConfig(
            id="x", storage_type="sql_table", properties={**given, "sqlite_folder_path": folder}
        )
        return locate(AppConfig(root=root, state_dir=root), node, OWNER).key

    assert key(spelling.format(root=root)) == key(str(root))


def test_the_storage_folder_and_the_files_of_the_broker_may_lie_at_home(root: Path) -> None:
    core = CoreConfig(storage_folder="~/kept")
    assert AppConfig(root=root, state_dir=root, core=core).storage_folder == root.parent / "kept"
    config = Configuration()
    config.configure_job_executions(
        broker_ca_file=Path("~/ca.pem"), broker_url="amqps://u:p@localhost"
    )
    assert cluster_config(config.as_it_stands()).ca_file == root.parent / "ca.pem"


# -- pathlib ------------------------------------------------------------------------------


def _pickle(config: Configuration, path: Any) -> Any:
    return config.configure_pickle_data_node("x", default_path=path)


NODES: dict[str, Callable[[Configuration, Any], Any]] = {
    "pickle": _pickle,
    "csv": lambda config, path: config.configure_csv_data_node("x", default_path=path),
    "json": lambda config, path: config.configure_json_data_node("x", default_path=path),
    "excel": lambda config, path: config.configure_excel_data_node("x", default_path=path),
    "parquet": lambda config, path: config.configure_parquet_data_node("x", default_path=path),
    "path": lambda config, path: config.configure_data_node("x", "json", path=path),
    "default": lambda config, path: config.set_default_data_node_configuration(
        "json", default_path=path
    ),
    "sqlite": lambda config, path: config.configure_sql_table_data_node(
        "x", "d", "sqlite", "t", sqlite_folder_path=path
    ),
}


@pytest.mark.parametrize("kind", NODES)
def test_a_path_of_pathlib_is_as_good_as_its_text(root: Path, kind: str) -> None:
    config, other = Configuration(), Configuration()
    found = NODES[kind](config, Path("data/x"))
    assert found == NODES[kind](other, "data/x")
    assert config.check().errors == []
    assert config.as_it_stands().digest == other.as_it_stands().digest


def test_folders_of_the_application_may_be_paths(root: Path) -> None:
    config = Configuration()
    config.configure_core(root_folder=root, storage_folder=root / "s", taipy_storage_folder=root)
    assert config.check().all == []
    assert config.freeze().storage_folder == root / "s"


def test_default_data_stays_a_path(root: Path) -> None:
    node = Configuration().configure_pickle_data_node("x", default_data=Path("a"))
    assert node.properties["default_data"] == Path("a")


# -- what no file can be called -----------------------------------------------------------


def compiled(root: Path, text: str) -> Compiled:
    (root / "config.toml").write_text(text, encoding="utf-8")
    layer = layer_from_toml(read_toml(root / "config.toml"))
    return compile_layers([layer], root=root, state_dir=root)


def problems(root: Path, text: str) -> list[Problem]:
    return list(path_problems(compiled(root, text)))


def node(path: str) -> str:
    return f'[DATA_NODE.x]\nstorage_type = "json"\npath = "{path}"\n'


WRITER = """
[TASK.t]
function = "m.f:function"
outputs = ["x"]
[SCENARIO.s]
tasks = ["t"]
"""


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("a\\u0000b", "must be without a NUL character"),
        ("~nobody_of_that_name/x", "there is no user 'nobody_of_that_name', and so no folder"),
        ("~nobody_of_that_name", "there is no user 'nobody_of_that_name', and so no folder"),
        ("a" * 256, "has 256 bytes, and may have 255; shorten it"),
        ("日" * 86, "has 258 bytes, and may have 255; shorten it"),
        ("a/" * 2100, "has 42"),
        ("a" * 300 + "/x", "has 300 bytes, and may have 255; shorten it"),
    ],
)
def test_a_path_that_no_file_can_have_is_one_sentence(root: Path, path: str, told: str) -> None:
    (problem,) = problems(root, node(path) + WRITER)
    assert (problem.id, problem.field, problem.level) == ("x", "path", "ERROR")
    assert told in problem.message and len(problem.message) < 200


@pytest.mark.parametrize("length", range(200, 256))
@pytest.mark.parametrize("letter", ["a", "日"])
def test_a_name_of_up_to_255_bytes_can_be_written(root: Path, letter: str, length: int) -> None:
    name = letter * (length // len(letter.encode())) + "x" * (length % len(letter.encode()))
    assert len(name.encode()) == length
    assert problems(root, node(name) + WRITER) == []
    csv(root, name).write([{"a": 1}])
    assert (root / name).stat().st_size and len(list(root.iterdir())) == 3


@pytest.mark.parametrize("length", range(200, 256))
@pytest.mark.parametrize("letter", ["a", "日"])
@pytest.mark.parametrize("kind", ["pickle", "json", "csv", "excel", "parquet"])
def test_a_long_id_of_a_data_node_works_or_is_refused(
    root: Path, kind: str, letter: str, length: int
) -> None:
    id = letter * (length // len(letter.encode()))
    text = f'[DATA_NODE."{id}"]\nstorage_type = "{kind}"\n'
    found = compiled(root, text)
    told = list(path_problems(found))
    place = locate(found.config, found.config.data_nodes[id], OWNER).path
    assert place is not None
    assert bool(told) == (len(place.name.encode()) > 255)
    if told:
        assert f"the id has {len(id.encode())} bytes, and the name of its file" in told[0].message


@pytest.mark.parametrize(("length", "is_wrong"), [(247, False), (248, True)])
def test_sqlite_needs_a_shorter_name(root: Path, length: int, is_wrong: bool) -> None:
    text = f"""
[DATA_NODE.x]
storage_type = "sql_table"
db_engine = "sqlite"
table_name = "t"
db_name = "{"d" * (length - 3)}"
"""
    found = problems(root, text)
    assert [p.field for p in found] == (["db_name"] if is_wrong else [])


@pytest.mark.parametrize("path", ["nowhere/x.json", "~/nowhere/x.json"])
def test_a_missing_folder_is_reported_where_a_job_is_to_write(root: Path, path: str) -> None:
    (problem,) = problems(root, node(path) + WRITER)
    folder = user_path(root, path).parent
    assert (
        problem.message == f"there is no folder {folder}; the first job that writes there makes it"
    )
    assert problem.level == "INFO"
    assert problems(root, node(path)) == []  # which nobody writes
    folder.mkdir()
    assert problems(root, node(path) + WRITER) == []


@pytest.mark.parametrize(("mode", "level"), [("standalone", "ERROR"), ("cluster", "WARNING")])
def test_a_folder_that_cannot_be_made_is_an_error_for_the_tasks_that_write_there(
    root: Path, mode: str, level: str
) -> None:
    (root / "taken").write_text("")
    text = f'[JOB]\nmode = "{mode}"\n{node("taken/deep/x.json")}{WRITER}'
    assert [p for p in problems(root, text) if p.field == "path"] == []
    found = compiled(root, text)
    (problem,) = folder_problems(found, found.config.tasks.values())
    assert (problem.section, problem.id, problem.field) == ("DATA_NODE", "x", "path")
    assert problem.level == level
    assert problem.message == (
        f"there is no folder {root / 'taken' / 'deep'}: {root / 'taken'} is a file"
    )
    assert list(folder_problems(found, [])) == []


def test_a_folder_without_rights_is_a_warning_for_a_file_and_not_for_a_device(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = root / "closed"
    folder.mkdir()
    os.mkfifo(folder / "pipe")
    (root / "link").symlink_to(folder / "x.json")
    monkeypatch.setattr(os, "access", lambda path, mode, **_: Path(path) != folder)

    def found(path: str) -> list[tuple[str, str]]:
        config = compiled(root, node(path) + WRITER)
        problems = folder_problems(config, config.config.tasks.values())
        return [(p.level, p.message) for p in problems]

    wrong = [("WARNING", f"you may not write in the folder {folder}")]
    assert found("closed/x.json") == wrong
    assert found("link") == wrong
    assert found("closed/pipe") == []
    assert found("x.json") == []


def test_a_storage_folder_that_cannot_be_made_is_an_error_once(root: Path) -> None:
    (root / "taken").write_text("")
    text = '[CORE]\nstorage_folder = "taken/data"\n[DATA_NODE.x]\n[DATA_NODE.y]\n'
    found = compiled(root, text + WRITER.replace('["x"]', '["x", "y"]'))
    (problem,) = folder_problems(found, found.config.tasks.values())
    assert (problem.section, problem.field, problem.level) == ("CORE", "storage_folder", "ERROR")


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_one_file_for_two_data_nodes_is_told(root: Path, spelling: str) -> None:
    other = node(spelling).replace("DATA_NODE.x", "DATA_NODE.y")
    reads = WRITER.replace('outputs = ["x"]', 'inputs = ["y"]\noutputs = ["x"]')
    (problem,) = problems(root, node("x.csv") + other + reads)
    assert "the data nodes y, x are one file" in problem.message
    assert str(root / "x.csv") in problem.message
    only_read = WRITER.replace('outputs = ["x"]', 'inputs = ["x", "y"]')
    assert problems(root, node("x.csv") + other + only_read) == []


def test_the_sections_are_looked_at_too(root: Path) -> None:
    text = '[CORE]\nstorage_folder = "~nobody_of_that_name/x"\n[JOB]\nbroker_key_file = "a\\u0000"'
    found = {(p.section, p.field) for p in problems(root, text)}
    assert found == {("CORE", "storage_folder"), ("JOB", "broker_key_file")}


def test_half_a_character_is_no_path(root: Path) -> None:
    assert wrong_path(root, "\ud800x") == "'\\ud800x' has a character that no path can have"
    assert wrong_path(root, "\udce9x") is None  # a byte that is no UTF-8

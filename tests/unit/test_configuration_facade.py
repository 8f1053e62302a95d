"""`Config` as a Python program uses it: layers, files written and read back, signatures."""

from __future__ import annotations

import datetime as dt
import inspect
import re
import textwrap
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest

from taipy_exec.api.configuration import Configuration
from taipy_exec.config.typed_text import Frequency, Scope
from taipy_exec.errors import ConfigurationError, ConfigurationUpdateBlocked


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configuration:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TAIPY_CONFIG_PATH", raising=False)
    return Configuration()


def file(text: str, name: str = "config.toml") -> Path:
    path = Path(name)
    path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
    return path


def work(*values: Any) -> Any:
    return values


def plan(config: Configuration) -> None:
    a = config.configure_data_node("a", default_data=1)
    b = config.configure_json_data_node("b")
    task = config.configure_task("t", work, [a], b, skippable=True, team="x")
    config.configure_scenario("s", [task], frequency=Frequency.DAILY, sequences={"q": [task]})


# -- layers -----------------------------------------------------------------------------------


def test_a_file_overrides_python_and_the_environment_file_overrides_both(
    config: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.configure_job_executions("development", 1, python="p", file="p", env="p")
    config.override(file('[JOB]\nmax_nb_of_workers = 2\nfile = "f"\nenv = "f"\n', "over.toml"))
    assert config.job_config.max_nb_of_workers == 2
    path = file('[JOB]\nmax_nb_of_workers = 3\nenv = "e"\n', "env.toml")
    monkeypatch.setenv("TAIPY_CONFIG_PATH", str(path.absolute()))
    job = config.configure_job_executions(late="p")
    assert (job.mode, job.max_nb_of_workers) == ("development", 3)
    properties = job.properties
    assert [properties[k] for k in ("python", "file", "env", "late")] == ["p", "f", "e", "p"]


def test_a_partial_override_changes_the_keys_it_has_and_no_others(config: Configuration) -> None:
    plan(config)
    config.override(
        file('[TASK.t]\nteam = "y"\n[SCENARIO.s]\nowner = "me"\n[DATA_NODE.a]\nz = 1\n')
    )
    task, scenario = config.tasks["t"], config.scenarios["s"]
    assert [n.id for n in task.inputs] == ["a"]
    assert [n.id for n in task.outputs] == ["b"]
    assert (task.skippable, task.properties["team"]) == (True, "y")
    assert [t.id for t in scenario.tasks] == ["t"]
    assert scenario.frequency is Frequency.DAILY
    assert (list(scenario.sequences), scenario.properties["owner"]) == (["q"], "me")
    assert config.data_nodes["a"].properties["default_data"] == 1
    assert config.data_nodes["a"].properties["z"] == 1


def test_a_second_override_replaces_the_first(config: Configuration) -> None:
    config.override(file("[JOB]\nmax_nb_of_workers = 9\nx = 1\n", "one.toml"))
    config.override(file("[JOB]\nx = 2\n", "two.toml"))
    assert config.job_config.properties["x"] == 2
    assert config.job_config.max_nb_of_workers == Configuration().job_config.max_nb_of_workers


def test_load_replaces_what_python_configured_and_keeps_the_override(config: Configuration) -> None:
    plan(config)
    config.override(file("[JOB]\nx = 1\n", "over.toml"))
    config.load(file("[DATA_NODE.other]\n[JOB]\nx = 2\ny = 2\n"))
    assert sorted(config.data_nodes) == ["default", "other"]
    assert dict(config.job_config.properties) == {"x": 1, "y": 2}


def test_restore_replaces_python_and_override(config: Configuration) -> None:
    plan(config)
    config.override(file("[JOB]\nx = 1\n", "over.toml"))
    config.restore(file("[DATA_NODE.other]\n"))
    assert sorted(config.data_nodes) == ["default", "other"]
    assert dict(config.job_config.properties) == {}


@pytest.mark.parametrize("way", ["load", "override", "restore"])
def test_a_file_that_is_not_there_or_not_toml_is_named(config: Configuration, way: str) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.toml"):
        getattr(config, way)("nowhere.toml")
    file("[JOB\n", "bad.toml")
    with pytest.raises(ConfigurationError, match=r"bad\.toml"):
        getattr(config, way)("bad.toml")


# -- files written and read back --------------------------------------------------------------


@pytest.mark.parametrize("way", ["export", "backup"])
def test_what_is_written_reads_back_as_the_same(config: Configuration, way: str) -> None:
    plan(config)
    config.configure_data_node(
        "typed",
        scope=Scope.GLOBAL,
        validity_period=dt.timedelta(days=1, seconds=2),
        when=dt.datetime(2024, 1, 2, 3, 4),
        numbers=[1, 2.5, True],
        table={"x": 1},
    )
    getattr(config, way)("out.toml")
    again = Configuration()
    again.load("out.toml")
    assert again.data_nodes == config.data_nodes
    assert again.tasks == config.tasks
    assert again.scenarios == config.scenarios
    getattr(again, way)("again.toml")
    assert Path("again.toml").read_text() == Path("out.toml").read_text()


def test_export_writes_the_python_layer_and_backup_all_that_applies(config: Configuration) -> None:
    config.configure_job_executions("development", 2)
    config.override(file("[JOB]\nmax_nb_of_workers = 5\n", "over.toml"))
    config.export("export.toml")
    config.backup("backup.toml")
    assert tomllib.loads(Path("export.toml").read_text())["JOB"]["max_nb_of_workers"] == "2:int"
    assert tomllib.loads(Path("backup.toml").read_text())["JOB"]["max_nb_of_workers"] == "5:int"


def test_exporting_over_a_file_keeps_its_comments(config: Configuration) -> None:
    path = file(
        """
        # the head
        [JOB]
        mode = "development"  # for now
        max_nb_of_workers = "2:int"

        # about a
        [DATA_NODE.a]
        default_data = "1:int"  # one
        """
    )
    config.load(path)
    config.configure_job_executions(max_nb_of_workers=7)
    config.configure_data_node("b")
    config.export(path)
    text = path.read_text()
    for comment in ("# the head", "# for now", "# about a", "# one"):
        assert comment in text
    again = Configuration()
    again.load(path)
    assert again.job_config.max_nb_of_workers == 7
    assert sorted(again.data_nodes) == ["a", "b", "default"]


def test_env_templates_stay_templates_in_what_is_written(
    config: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("N", "4")
    config.load(file('[JOB]\nmax_nb_of_workers = "ENV[N]:int"\n'))
    config.configure_data_node("a", default_data="ENV[N]:int")
    assert config.job_config.max_nb_of_workers == 4
    for way in ("export", "backup"):
        getattr(config, way)("out.toml")
        written = tomllib.loads(Path("out.toml").read_text())
        assert written["JOB"]["max_nb_of_workers"] == "ENV[N]:int"
        assert written["DATA_NODE"]["a"]["default_data"] == "ENV[N]:int"


@pytest.mark.parametrize("text", ["8:int", "x:str", "8:int:str", "a:SECTION", "plain", "note:"])
def test_a_text_that_looks_typed_comes_back_as_the_text(config: Configuration, text: str) -> None:
    config.configure_data_node("a", default_data=text)
    assert config.data_nodes["a"].properties["default_data"] == text
    config.export("out.toml")
    again = Configuration()
    again.load("out.toml")
    assert again.data_nodes["a"].properties["default_data"] == text


# -- configure_* ------------------------------------------------------------------------------

LOGIN = "db_username=None, db_password=None, db_host=None, db_port=None, db_driver=None"
SQL = (
    f"{LOGIN}, sqlite_folder_path=None, sqlite_file_extension=None, db_extra_args=None, "
    "exposed_type=None, scope=None, validity_period=None"
)
SIGNATURES = {
    "configure_job_executions": "mode=None, max_nb_of_workers=None",
    "configure_core": "root_folder=None, storage_folder=None, taipy_storage_folder=None, "
    "repository_type=None, repository_properties=None, read_entity_retry=None, mode=None, "
    "version_number=None, force=None",
    "configure_global_app": "",
    "configure_data_node": "id, storage_type=None, scope=None, validity_period=None",
    "configure_data_node_from": "source_configuration, id",
    "configure_pickle_data_node": "id, default_path=None, default_data=None, scope=None, "
    "validity_period=None",
    "configure_csv_data_node": "id, default_path=None, encoding=None, has_header=None, "
    "exposed_type=None, scope=None, validity_period=None",
    "configure_json_data_node": "id, default_path=None, encoding=None, encoder=None, "
    "decoder=None, scope=None, validity_period=None",
    "configure_in_memory_data_node": "id, default_data=None, scope=None, validity_period=None",
    "configure_excel_data_node": "id, default_path=None, has_header=None, sheet_name=None, "
    "exposed_type=None, scope=None, validity_period=None",
    "configure_parquet_data_node": "id, default_path=None, engine=None, compression=None, "
    "read_kwargs=None, write_kwargs=None, exposed_type=None, scope=None, validity_period=None",
    "configure_generic_data_node": "id, read_fct=None, write_fct=None, read_fct_args=None, "
    "write_fct_args=None, scope=None, validity_period=None",
    "configure_sql_table_data_node": f"id, db_name, db_engine, table_name, {SQL}",
    "configure_sql_data_node": "id, db_name, db_engine, read_query, write_query_builder, "
    f"append_query_builder=None, {SQL}",
    "configure_mongo_collection_data_node": "id, db_name, collection_name, custom_document=None, "
    f"{LOGIN}, db_extra_args=None, scope=None, validity_period=None",
    "configure_s3_object_data_node": "id, aws_access_key, aws_secret_access_key, "
    "aws_s3_bucket_name, aws_s3_object_key, aws_region=None, aws_s3_object_parameters=None, "
    "scope=None, validity_period=None",
    "configure_task": "id, function, input=None, output=None, skippable=False",
    "configure_scenario": "id, task_configs=None, additional_data_node_configs=None, "
    "frequency=None, comparators=None, sequences=None",
    "set_default_data_node_configuration": "storage_type, scope=None, validity_period=None",
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_the_signatures_are_those_of_taipy(config: Configuration, name: str) -> None:
    parameters = inspect.signature(getattr(config, name)).parameters.values()
    found = [
        p.name if p.default is inspect.Parameter.empty else f"{p.name}={p.default!r}"
        for p in parameters
        if p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    ]
    assert ", ".join(found) == SIGNATURES[name]
    assert any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)


def test_the_defaults_of_a_data_node_are_pickle_and_scope_scenario(config: Configuration) -> None:
    node = config.configure_data_node("a")
    assert (node.id, node.storage_type, node.scope) == ("a", "pickle", Scope.SCENARIO)
    assert node.validity_period is None


def test_each_kind_of_data_node_gets_its_storage_type(config: Configuration) -> None:
    for kind in ("pickle", "csv", "json", "in_memory"):
        node = getattr(config, f"configure_{kind}_data_node")(f"n_{kind}", scope=Scope.GLOBAL, x=1)
        assert (node.storage_type, node.scope, node.properties["x"]) == (kind, Scope.GLOBAL, 1)


@pytest.mark.parametrize("name", [n for n in SIGNATURES if re.match("configure_.+_data_node$", n)])
def test_every_argument_of_a_kind_of_data_node_becomes_its_property(
    config: Configuration, name: str
) -> None:
    """By position, in Taipy's order."""
    keys = [part.partition("=")[0] for part in SIGNATURES[name].split(", ")][1:-2]
    values = [f"value of {key}" for key in keys]
    node = getattr(config, name)("n", *values, Scope.CYCLE, dt.timedelta(1), more=1)
    assert node.storage_type == name.removeprefix("configure_").removesuffix("_data_node")
    assert (node.scope, node.validity_period) == (Scope.CYCLE, dt.timedelta(1))
    assert {key: node.properties[key] for key in keys} == dict(zip(keys, values, strict=True))
    assert node.properties["more"] == 1
    assert config.data_nodes["n"] == node
    # As a default, it is handed down.
    config.set_default_data_node_configuration(node.storage_type, **node.properties)
    child = config.configure_data_node("m", default_path="other")
    assert child.properties == {**node.properties, "default_path": "other"}


def test_a_storage_type_of_a_plug_in_can_be_configured_by_name_too(config: Configuration) -> None:
    node = config.configure_hdf_data_node("n", key="k")
    assert (node.storage_type, node.properties["key"]) == ("hdf", "k")


def test_configuring_an_id_again_replaces_it(config: Configuration) -> None:
    config.configure_csv_data_node("a", default_path="a.csv", x=1)
    node = config.configure_data_node("a")
    assert node.storage_type == "pickle"
    assert "x" not in node.properties


def test_a_data_node_made_from_another_takes_over_all_but_what_is_given(
    config: Configuration,
) -> None:
    a = config.configure_json_data_node("a", "a.json", scope=Scope.GLOBAL, x=1, y=1)
    b = config.configure_data_node_from(a, "b", y=2, default_path="b.json")
    assert (b.id, b.storage_type, b.scope) == ("b", "json", Scope.GLOBAL)
    assert [b.properties[k] for k in ("x", "y", "default_path")] == [1, 2, "b.json"]
    assert a.properties["y"] == 1


def test_one_data_node_or_many_are_taken_as_input_and_output(config: Configuration) -> None:
    a, b = config.configure_data_node("a"), config.configure_data_node("b")
    task = config.configure_task("t", work, a, (b,))
    assert ([n.id for n in task.inputs], [n.id for n in task.outputs]) == (["a"], ["b"])
    assert config.configure_task("u", work, [a, b]).outputs in ((), [])


def test_defaults_are_inherited_also_after_later_changes(config: Configuration) -> None:
    config.set_default_data_node_configuration("json", Scope.GLOBAL, dt.timedelta(1), team="x")
    config.set_default_task_configuration(owner="me")
    config.set_default_scenario_configuration(frequency=Frequency.WEEKLY, owner="you")
    a = config.configure_data_node("a")
    other = config.configure_pickle_data_node("other")
    task = config.configure_task("t", work, a)
    scenario = config.configure_scenario("s", [task])
    config.configure_data_node("late")
    for node in (a, config.data_nodes["a"]):
        assert (node.storage_type, node.scope) == ("json", Scope.GLOBAL)
        assert (node.validity_period, node.properties["team"]) == (dt.timedelta(1), "x")
    assert (other.scope, other.validity_period) == (Scope.SCENARIO, dt.timedelta(1))
    assert "team" not in other.properties
    assert task.properties["owner"] == config.tasks["t"].properties["owner"] == "me"
    assert scenario.frequency is Frequency.WEEKLY
    assert scenario.properties["owner"] == "you"


def test_the_default_entry_shows_what_was_set(config: Configuration) -> None:
    config.set_default_data_node_configuration("json", Scope.GLOBAL)
    default = config.data_nodes["default"]
    assert (default.storage_type, default.scope) == ("json", Scope.GLOBAL)


def test_properties_of_the_application_are_kept(config: Configuration) -> None:
    config.configure_global_app(app_name="demo", retries=3)
    assert dict(config.global_config.properties) == {"app_name": "demo", "retries": 3}


# -- blocking and checking --------------------------------------------------------------------


def test_blocked_changes_raise_and_change_nothing(config: Configuration) -> None:
    config.configure_data_node("a")
    config.block_update()
    with pytest.raises(ConfigurationUpdateBlocked, match="in use"):
        config.configure_data_node("b")
    with pytest.raises(ConfigurationUpdateBlocked):
        config.load(file("[DATA_NODE.b]\n"))
    assert sorted(config.data_nodes) == ["a", "default"]
    config.unblock_update()
    config.configure_data_node("b")
    assert sorted(config.data_nodes) == ["a", "b", "default"]


def test_check_gives_every_issue_without_raising(config: Configuration) -> None:
    a = config.configure_data_node("a", storage_type="nonsense")
    config.configure_data_node("name")
    config.configure_task("t", None, a)
    config.configure_scenario("s")
    issues = config.check()
    text = "\n".join(str(issue) for issue in issues.errors)
    for word in ("nonsense", "name", "function"):
        assert word in text
    assert {(issue.section, issue.id) for issue in issues.errors} >= {
        ("DATA_NODE", "a"),
        ("DATA_NODE", "name"),
        ("TASK", "t"),
    }
    assert ("SCENARIO", "s") in {(issue.section, issue.id) for issue in issues.warnings}
    assert len(issues.all) == len(issues.errors) + len(issues.warnings) + len(issues.infos)


def test_check_has_no_error_for_a_sound_configuration(config: Configuration) -> None:
    plan(config)
    assert [str(issue) for issue in config.check().errors] == []


def test_a_thousand_tasks_are_configured_within_three_seconds(config: Configuration) -> None:
    begin = time.perf_counter()
    node = config.configure_data_node("n0")
    tasks = []
    for number in range(1000):
        following = config.configure_data_node(f"n{number + 1}")
        tasks.append(config.configure_task(f"t{number}", work, node, following))
        node = following
    config.configure_scenario("s", tasks)
    assert time.perf_counter() - begin < 3
    assert len(config.scenarios["s"].tasks) == 1000

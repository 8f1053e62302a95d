"""The options of submit, the same from the environment, and where an application may lie."""

from __future__ import annotations

import shutil

import pytest
from command_support import Application

ADD = "def add(x, y=1):\n    note(f'add {x}')\n    return x + 1\n"


def adding(app: Application, *, skippable: bool = True, mode: str = "development") -> None:
    app.module("jobs", ADD)
    app.graph(
        {"t": ("jobs.add", ["x"], ["y"]), "u": ("jobs.add", ["y"], ["z"])},
        data={"x": 1},
        skippable=skippable,
        mode=mode,
    )


def value(app: Application, node: str, *arguments: str) -> object:
    return app.run("data", "show", ".", node, "--json", *arguments).json["value"]


@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_a_second_run_skips_what_is_up_to_date(app: Application, mode: str) -> None:
    adding(app, mode=mode)
    assert set(app.run("submit", "--json").statuses().values()) == {"COMPLETED"}
    second = app.run("submit", "--json")
    assert second.code == 0
    assert set(second.statuses().values()) == {"SKIPPED"}
    assert {job["reason"] for job in second.json["jobs"]} == {"up_to_date"}
    assert second.json["submission"]["status"] == "COMPLETED"


def test_force_runs_also_what_is_up_to_date(app: Application) -> None:
    adding(app)
    app.run("submit")
    assert set(app.run("submit", "--force", "--json").statuses().values()) == {"COMPLETED"}


def test_set_writes_a_data_node_first_and_reruns_what_reads_it(app: Application) -> None:
    adding(app)
    app.run("submit")
    result = app.run("submit", "--set", "x=10", "--json")
    assert set(result.statuses().values()) == {"COMPLETED"}
    assert value(app, "z") == 12


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("[1, 2]", [1, 2]), ("plain text", "plain text"), ("a=b", "a=b"), ("null", None)],
)
def test_set_takes_json_and_else_the_text_itself(
    app: Application, text: str, wanted: object
) -> None:
    app.module("jobs", "def same(x):\n    return [x]\n")
    app.graph({"t": ("jobs.same", ["x"], ["y"])}, mode="development")
    assert app.run("submit", "--set", f"x={text}").code == 0
    assert value(app, "y") == [wanted]


def test_set_does_not_reach_into_a_submission_that_still_runs(app: Application) -> None:
    app.module("jobs", ADD)
    app.graph(
        {
            "t": ("flow.gated", [], ["a"]),
            "u": ("jobs.add", ["x", "a"], ["y"]),
        },
        data={"x": 1},
    )
    first = app.start("submit", "--json")
    app.begun()
    second = app.start("submit", "--set", "x=10", "--json")
    assert second.stderr is not None
    assert "waiting" in second.stderr.readline()
    app.open_gate()
    assert (app.end(first).code, app.end(second).code) == (0, 0)
    assert [line for line in app.ledger() if line.startswith("add")] == ["add 1", "add 10"]
    assert value(app, "y") == 11


def test_a_value_that_cannot_be_written_leaves_no_submission_behind(app: Application) -> None:
    app.config(
        '[DATA_NODE.x]\nstorage_type = "json"\ndefault_path = "flow.py/x.json"\n[DATA_NODE.y]\n'
        '[TASK.t]\nfunction = "flow.work:function"\ninputs = ["x:SECTION"]\n'
        'outputs = ["y:SECTION"]\n[SCENARIO.s]\ntasks = ["t:SECTION"]\n'
    )
    result = app.run("submit", "--set", "x=1")
    assert result.code == 3
    assert "flow.py" in result.err
    assert all(s["finished_at"] for s in app.run("status", "--json").json["submissions"])


def test_name_and_new_choose_the_instance(app: Application) -> None:
    adding(app)
    app.run("submit", "--name", "may", "--set", "x=5")
    app.run("submit", "--name", "june", "--set", "x=6")
    assert (value(app, "z", "--name", "may"), value(app, "z", "--name", "june")) == (7, 8)
    assert set(app.run("submit", "--name", "may", "--json").statuses().values()) == {"SKIPPED"}
    fresh = app.run("submit", "--name", "may", "--new", "--json")
    assert set(fresh.statuses().values()) == {"COMPLETED"}
    assert fresh.json["submission"]["name"] == "may"
    assert value(app, "z", "--name", "may") == 3


def test_a_sequence_or_a_task_alone_can_be_submitted(app: Application) -> None:
    adding(app)
    with (app.folder / "config.toml").open("a") as file:
        file.write('[SCENARIO.s.sequences]\nfirst = ["t:SECTION"]\n')
    assert app.run("submit", "--sequence", "first", "--json").statuses() == {"t": "COMPLETED"}
    assert app.run("submit", "--task", "u", "--json").statuses() == {"u": "COMPLETED"}


ENVIRONMENT = {
    "TAIPY_EXEC_MODE": ("standalone", ["submit", "--json"], '"mode": "standalone"'),
    "TAIPY_EXEC_JSON": ("1", ["submit"], '"schema": "taipy-exec/1"'),
    "TAIPY_EXEC_TASK": ("t", ["submit"], "1 job "),
    "TAIPY_EXEC_NAME": ("may", ["submit", "--json"], '"name": "may"'),
    "TAIPY_EXEC_SCENARIO": ("s", ["submit", "--json"], '"scenario": "s"'),
    "TAIPY_EXEC_DRY_RUN": ("true", ["submit"], "2 to run"),
    "TAIPY_EXEC_EVENTS": ("-", ["submit"], '"event": "end"'),
    "TAIPY_EXEC_SET": ("x=5", ["submit", "--json"], "COMPLETED"),
    "TAIPY_EXEC_COLOR": ("always", ["submit"], "\x1b["),
    "TAIPY_EXEC_FORMAT": ("mermaid", ["graph"], "flowchart"),
    "TAIPY_EXEC_APP": ("elsewhere.toml", ["check"], "no errors"),
    "TAIPY_EXEC_WORKERS": ("3", ["submit", "--json"], "COMPLETED"),
    "TAIPY_EXEC_FORCE": ("1", ["plan"], "2 to run"),
    "TAIPY_EXEC_QUIET": ("1", ["submit"], ""),
    "TAIPY_EXEC_APPLICATION_PATH": ("elsewhere.toml", ["status"], ""),
    "TAIPY_EXEC_STATE_DIR": ("other-state", ["submit"], "COMPLETED"),
}


@pytest.mark.one_variant
@pytest.mark.parametrize("name", ENVIRONMENT)
def test_an_option_can_come_from_the_environment(app: Application, name: str) -> None:
    text, arguments, word = ENVIRONMENT[name]
    adding(app)
    shutil.copy(app.folder / "config.toml", app.folder / "elsewhere.toml")
    result = app.run(*arguments, env={name: text})
    assert result.code == 0, result.err
    assert word in result.out
    if name == "TAIPY_EXEC_STATE_DIR":
        assert app.exists("other-state/state.db")
        assert not app.exists(".taipy-exec")


def test_the_flag_goes_before_the_environment_and_that_before_the_file(app: Application) -> None:
    adding(app, mode="development")
    env = {"TAIPY_EXEC_MODE": "standalone"}
    from_env = app.run("submit", "--json", env=env).json
    assert from_env["submission"]["mode"] == "standalone"
    from_flag = app.run("submit", "--json", "--mode", "development", env=env).json
    assert from_flag["submission"]["mode"] == "development"


FAILING = {"bad": ("flow.fail", [], ["a"]), "good": ("flow.work", [], ["b"])}


@pytest.mark.parametrize(
    ("env", "flags", "goes_on"),
    [
        ({}, [], True),
        ({}, ["--fail-fast"], False),
        ({"TAIPY_EXEC_FAIL_FAST": "1"}, [], False),
        ({"TAIPY_EXEC_KEEP_GOING": "0"}, [], False),
        ({"TAIPY_EXEC_KEEP_GOING": "1"}, ["--fail-fast"], False),
        ({"TAIPY_EXEC_FAIL_FAST": "1"}, ["--keep-going"], True),
        ({"TAIPY_EXEC_FAIL_FAST": "0"}, [], True),
    ],
)
def test_whether_it_goes_on_after_a_failure_is_said_by_the_flag_before_the_environment(
    app: Application, env: dict[str, str | None], flags: list[str], goes_on: bool
) -> None:
    app.graph(FAILING, mode="development")
    result = app.run("submit", ".", "--json", *flags, env=env)
    assert result.statuses()["good"] == ("COMPLETED" if goes_on else "CANCELED")
    again = app.run("retry", result.json["submission"]["id"], "--json", *flags, env=env)
    assert again.code == 1


def test_check_in_the_environment_is_for_plan_and_harms_no_submit(app: Application) -> None:
    app.graph({"t": ("flow.work", [], ["a"])})
    env: dict[str, str | None] = {"TAIPY_EXEC_CHECK": "1"}
    assert app.run("plan", ".", env=env).code == 10
    assert app.run("submit", ".", env=env).code == 0
    assert app.run("submit", ".", "--check").code == 2


def test_taipy_config_path_is_a_layer_above_the_file(app: Application) -> None:
    adding(app)
    (app.folder / "over.toml").write_text('[JOB]\nmode = "standalone"\n')
    env = {"TAIPY_CONFIG_PATH": "over.toml"}
    assert app.run("submit", "--json", env=env).json["submission"]["mode"] == "standalone"


def test_a_taipy_config_path_that_is_not_there_is_named(app: Application) -> None:
    adding(app)
    result = app.run("submit", env={"TAIPY_CONFIG_PATH": "nope.toml"})
    assert result.code == 3
    assert "nope.toml" in result.err


def test_an_application_can_be_run_from_another_folder(app: Application) -> None:
    adding(app)
    other = app.folder.parent / "other folder"
    other.mkdir()
    for path in (str(app.folder), str(app.folder / "config.toml"), "../app"):
        assert app.run("submit", path, "--json", cwd=other).code == 0
    assert list(other.iterdir()) == []
    assert app.exists(".taipy-exec/state.db")
    found = app.run("status", "-a", "../app", "--json", cwd=other)
    assert len(found.json["submissions"]) == 3


def test_relative_paths_of_options_start_from_where_the_user_is(app: Application) -> None:
    adding(app)
    other = app.folder.parent / "other"
    other.mkdir()
    arguments = ["--events", "e.jsonl", "--state-dir", "state"]
    assert app.run("submit", "../app", *arguments, cwd=other).code == 0
    assert (other / "e.jsonl").exists()
    assert (other / "state" / "state.db").exists()
    again = app.run("status", "--state-dir", "state", "--json", cwd=other)
    assert len(again.json["submissions"]) == 1


def test_spaces_and_letters_of_any_language_in_the_path_do_no_harm(app: Application) -> None:
    adding(app, mode="standalone")
    strange = app.folder.parent / "mein größter Ordner ☃ 'x' \"y\""
    shutil.copytree(app.folder, strange)
    result = app.run("submit", str(strange), "--json", cwd=app.folder.parent)
    assert (result.code, set(result.statuses().values())) == (0, {"COMPLETED"})
    submission = result.json["submission"]["id"]
    assert app.run("logs", submission, "-a", str(strange)).code == 0


def test_a_python_file_is_an_application_and_needs_no_main_guard(app: Application) -> None:
    (app.folder / "main.py").write_text(
        "import taipy_exec as tp\nfrom taipy_exec import Config\n"
        "def twice(x):\n    return 2 * x\n"
        "x = Config.configure_data_node('x', default_data=21)\n"
        "y = Config.configure_data_node('y')\n"
        "t = Config.configure_task('t', twice, x, y)\n"
        "s = Config.configure_scenario('s', [t])\n"
    )
    for mode in ("development", "standalone"):
        result = app.run("submit", "main.py", "--mode", mode, "--json")
        assert result.statuses() == {"t": "COMPLETED"}, result.err
    assert app.run("data", "show", "main.py", "y").out == "42\n"
    assert app.run("check", ".").code == 0


def test_data_write_and_show_agree_and_tell_who_wrote(app: Application) -> None:
    adding(app)
    assert app.run("data", "write", ".", "x", '{"k": [1]}').code == 0
    found = app.run("data", "show", ".", "x", "--json").json
    assert set(found) == {
        "schema",
        "node",
        "storage_type",
        "scope",
        "path",
        "written_at",
        "written_by",
        "value",
    }
    assert (found["value"], found["written_by"]) == ({"k": [1]}, "taipy-exec")
    app.run("submit", "--set", "x=1")
    written = app.run("data", "show", ".", "z", "--json").json["written_by"]
    assert written.startswith("JOB_u_")

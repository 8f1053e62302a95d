"""Names and paths of any kind, through the command: they work, or `check` says why not."""

from __future__ import annotations

import pytest
from command_support import Application

MODES = pytest.mark.parametrize("mode", ["development", "standalone"])
MODULE = "def one():\n    print('said')\n    return 1\n\n\ndef two():\n    return 2\n"


def config(mode: str = "development", node: str = "o", task: str = "t", more: str = "") -> str:
    return (
        f'[JOB]\nmode = "{mode}"\n[DATA_NODE."{node}"]\nstorage_type = "json"\n{more}\n'
        f'[TASK."{task}"]\nfunction = "jobs.one:function"\noutputs = ["{node}:SECTION"]\n'
        f'[SCENARIO.s]\ntasks = ["{task}:SECTION"]\n'
    )


@pytest.fixture(autouse=True)
def modules(app: Application) -> None:
    app.module("jobs", MODULE)


# -- modules that another one hides -------------------------------------------------------


@pytest.mark.parametrize("name", ["calendar", "secrets", "time", "taipy_exec"])
def test_a_hidden_module_is_to_be_renamed(app: Application, name: str) -> None:
    app.module(name, "def f():\n    return 1\n")
    app.config(config().replace("jobs.one", f"{name}.f"))
    result = app.run("check", str(app.folder), cwd=app.folder.parent)
    own = app.folder / f"{name}.py"
    assert result.code == 3
    assert f"there is no 'f' in module '{name}': the module '{name}' of " in result.err
    assert f" hides {own}; rename {own} and write its new name" in result.err


def test_a_function_that_python_has_too_is_warned_of(app: Application) -> None:
    app.module("threading", "def active_count():\n    return 1\n")
    app.config(config().replace("jobs.one", "threading.active_count"))
    result = app.run("check", str(app.folder), cwd=app.folder.parent)
    assert result.code == 0
    assert f"hides {app.folder / 'threading.py'}; rename" in result.err


def test_a_module_in_the_place_of_a_package_of_ours_is_no_bug(app: Application) -> None:
    app.module("rich", "def f():\n    return 1\n")
    app.config(config().replace("jobs.one", "rich.f"))
    # With a variable of its own the command is not forked: it imports rich itself.
    environment = {"STARTS_BY_EXEC": "1"}
    result = app.run("submit", str(app.folder), cwd=app.folder.parent, env=environment)
    assert result.code == 3
    own = app.folder / "rich.py"
    assert f"{own} hides the package 'rich', which taipy-exec needs; rename {own}" in result.err


# -- what Config.export writes ------------------------------------------------------------

PROGRAM = """
import datetime as dt
from taipy_exec import Config
from kinds import K, part

nodes = [Config.configure_json_data_node(f"n{i}", validity_period=dt.timedelta(seconds=-86395))
         for i in range(5)]
functions = [K.s, K.c, K.N.d, K.N, part]
tasks = [Config.configure_task(f"t{i}", function, None, nodes[i])
         for i, function in enumerate(functions)]
Config.configure_scenario("s", tasks, text="[brackets] ENV[x :int", big=float("inf"))
Config.export("config.toml")
"""
KINDS = """
import functools

class K:
    @staticmethod
    def s(): return 1
    @classmethod
    def c(cls): return 2
    class N(dict):
        @staticmethod
        def d(): return 3

part = functools.partial(K.s)
"""


@MODES
def test_what_a_program_exports_is_checked_and_run(app: Application, mode: str) -> None:
    app.module("kinds", KINDS)
    app.module("program", PROGRAM)
    python = app.shell("${T%% *} program.py")
    assert python.code == 0, python.err
    assert 'function = "kinds:K.N.d:function"' in (app.folder / "config.toml").read_text()
    check = app.run("check")
    assert check.code == 0, check.err
    result = app.run("submit", "--mode", mode, "--json")
    assert result.code == 0, result.err
    assert set(result.statuses().values()) == {"COMPLETED"}


@MODES
@pytest.mark.parametrize("path", ["K.s", "K.c", "K.N.d", "K.N"])
def test_a_method_or_a_class_in_a_class_is_named_with_points(
    app: Application, path: str, mode: str
) -> None:
    app.module("kinds", KINDS)
    app.config(config(mode).replace("jobs.one", f"kinds.{path}"))
    assert app.run("submit").code == 0


# -- paths --------------------------------------------------------------------------------


@pytest.mark.one_variant
@MODES
def test_home_folders_are_found(app: Application, mode: str) -> None:
    home = {"HOME": str(app.folder / "home")}
    app.config(config(mode, more='path = "~/results/out.json"'))
    missing = app.run("check", env=home)
    folder = app.folder / "home" / "results"
    assert missing.code == 0
    assert f"there is no folder {folder}; the first job that writes there makes it" in missing.err
    assert app.run("submit", env=home).code == 0
    assert "no folder" not in app.run("check", env=home).err
    assert (folder / "out.json").read_text() == "1"
    assert app.run("data", "show", ".", "o", env=home).out.strip() == "1"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("~nobody_of_that_name/x", "there is no user 'nobody_of_that_name'"),
        ("a\\u0000b", "must be without a NUL character"),
    ],
)
def test_a_path_that_no_file_can_have_is_one_sentence(
    app: Application, path: str, told: str
) -> None:
    app.config(config(more=f'path = "{path}"'))
    for command in ("check", "submit", "plan"):
        result = app.run(command)
        assert result.code == 3
        (line,) = [line for line in result.err.splitlines() if line.startswith("error: ")]
        assert f"[DATA_NODE.o] path: {told}" in line


def test_one_file_under_two_spellings_is_told_by_check(app: Application) -> None:
    other = '[DATA_NODE.p]\nstorage_type = "json"\npath = "./data/../x.json"\n'
    task = '[TASK.u]\nfunction = "jobs.two:function"\noutputs = ["p:SECTION"]\n'
    text = config(more='path = "x.json"') + other + task
    app.config(text.replace('tasks = ["t:SECTION"]', 'tasks = ["t:SECTION", "u:SECTION"]'))
    result = app.run("check")
    assert f"the data nodes o, p are one file, {app.folder / 'x.json'}" in result.err


# -- long names ---------------------------------------------------------------------------


@pytest.mark.parametrize("letter", ["n", "日"])
@pytest.mark.parametrize("length", [200, 207, 208, 230, 255])
def test_a_long_id_of_a_data_node_works_or_is_refused(
    app: Application, letter: str, length: int
) -> None:
    id = letter * (length // len(letter.encode()))
    app.config(config(node=id))
    check, submit = app.run("check"), app.run("submit")
    if check.code == 0:
        assert submit.code == 0, submit.err
    else:
        assert (check.code, submit.code) == (3, 3)
        assert "the name of its file has room for" in check.err
        assert "RUNNING" not in submit.err


@pytest.mark.parametrize("letter", ["p", "日"])
@pytest.mark.parametrize("length", [200, 244, 255, 258])
def test_a_long_path_works_or_is_refused(app: Application, letter: str, length: int) -> None:
    name = letter * (length // len(letter.encode()))
    app.config(config(more=f'path = "{name}"'))
    check, submit = app.run("check"), app.run("submit")
    if check.code == 0:
        assert submit.code == 0, submit.err
        assert (app.folder / name).read_text() == "1"
    else:
        assert len(name.encode()) > 255
        assert "may have 255; shorten it" in check.err
        assert "RUNNING" not in submit.err


@MODES
@pytest.mark.parametrize("task", ["t" * 250, "本" * 83])
def test_a_job_with_a_long_name_keeps_its_log(app: Application, task: str, mode: str) -> None:
    app.config(config(mode, task=task))
    result = app.run("submit", "--json")
    assert result.code == 0, result.err
    (job,) = result.json["jobs"]
    assert app.run("logs", job["id"]).out.strip() == "said"


# -- long messages ------------------------------------------------------------------------


@MODES
def test_a_gigantic_message_stays_within_three_lines_of_a_table(
    app: Application, mode: str
) -> None:
    app.one("raise KeyError('x' + ', '.join(map(str, range(9000))))", mode=mode)
    result = app.run("submit")
    assert len(result.out.splitlines()) < 12
    failed = [line for line in result.err.splitlines() if "bad FAILED in" in line]
    assert len(failed) == 1 and len(failed[0]) < 400
    assert "shows the whole reason" in result.out
    id = result.out.partition("taipy-exec logs ")[2].split()[0]
    assert "4999, 5000" in app.run("logs", id).out
    submission = result.out.partition("SUBMISSION_")[2].split()[0]
    status = app.run("status", f"SUBMISSION_{submission}")
    assert len(status.out.splitlines()) < 12
    told = app.run("status", f"SUBMISSION_{submission}", "--json").json
    (bad,) = [job for job in told["jobs"] if job["task"] == "bad"]
    assert len(bad["error"]["message"]) > 9000


# -- the index of a table -----------------------------------------------------------------


@pytest.mark.one_variant
@MODES
@pytest.mark.parametrize(("kind", "name"), [("csv", "x.csv"), ("excel", "x.xlsx")])
def test_an_index_that_is_dropped_is_told_in_the_log_of_the_job(
    app: Application, mode: str, kind: str, name: str
) -> None:
    body = "import pandas\n\ndef one():\n    frame = pandas.DataFrame({'k': ['x'], 'a': [1]})\n"
    app.module("jobs", f"{body}    return frame.set_index('k')\n")
    text = config(mode, more=f'path = "{name}"').replace('"json"', f'"{kind}"')
    app.config(text)
    job = app.run("submit", "--json").json["jobs"][0]["id"]
    log = app.run("logs", job).out
    assert log.count("the index 'k' of the DataFrame is not written") == 1
    assert "return df.reset_index()" in log
    app.config(text.replace("path =", "index = true\npath ="))
    job = app.run("submit", "--json").json["jobs"][0]["id"]
    assert "index" not in app.run("logs", job).out
    if kind == "csv":
        assert (app.folder / name).read_text() == "k,a\nx,1\n"

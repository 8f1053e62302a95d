"""What is wrong is reported before anything starts, in the words of what is wrong."""

from __future__ import annotations

import sys
from pathlib import Path

from command_support import Application

CONFIG = """
[DATA_NODE.raw]
storage_type = "json"
default_path = "in/raw.json"
[DATA_NODE.limit]
default_data = 1
[DATA_NODE.a]
[DATA_NODE.b]
[DATA_NODE.out]
storage_type = "json"
path = "results/deep/out.json"
[TASK.load]
function = "jobs.one:function"
inputs = ["raw"]
outputs = ["a"]
[TASK.count]
function = "jobs.one:function"
inputs = ["raw"]
outputs = ["b"]
[TASK.free]
function = "jobs.one:function"
inputs = ["limit"]
outputs = ["out"]
[SCENARIO.s]
tasks = ["load", "count", "free"]
""".lstrip()
WHY = (
    "tasks load, count need data node raw, but there is no file in/raw.json "
    "(default_path of [DATA_NODE.raw], config.toml:3)"
)


def prepared(app: Application, text: str = CONFIG) -> Application:
    app.module("jobs", "def one(x):\n    return x\n\ndef two(x, y):\n    return x\n")
    app.config(text)
    return app


def test_submit_starts_nothing_where_a_job_is_sure_to_fail(app: Application) -> None:
    wrong = CONFIG.replace(
        '"jobs.one:function"\ninputs = ["limit"]', '"jobs.two:function"\ninputs = ["limit"]'
    )
    prepared(app, wrong)
    result = app.run("submit", "--json")
    assert result.code == 3
    message = result.json["error"]["message"]
    assert "config.toml:20 [TASK.free] function: jobs.two does not fit the inputs" in message
    assert not app.exists(".taipy-exec")
    assert app.run("plan").code == 3
    # What is not to run is in nobody's way.
    other = app.run("submit", "--task", "load")
    assert "does not fit" not in other.err
    assert app.run("check").code == 3


def test_a_job_that_is_up_to_date_and_would_fail_is_a_warning(app: Application) -> None:
    done = """
        [DATA_NODE.limit]
        default_data = 1
        [DATA_NODE.out]
        [DATA_NODE.more]
        [TASK.free]
        function = "jobs.one:function"
        inputs = ["limit"]
        outputs = ["out"]
        skippable = true
        [TASK.next]
        function = "jobs.one:function"
        inputs = ["out"]
        outputs = ["more"]
        [SCENARIO.s]
        tasks = ["free", "next"]
        """
    prepared(app, done)
    assert app.run("submit").code == 0
    app.config(done.replace("jobs.one", "jobs.two", 1))
    told = "config.toml:7 [TASK.free] function: jobs.two does not fit the inputs"
    for command in ("submit", "plan", "submit --dry-run"):
        result = app.run(*command.split())
        assert result.code == 0, result.err
        assert "warning: " in result.err
        assert told in result.err
    for command in ("submit --force", "submit --new", "submit --set limit=2", "plan --force"):
        result = app.run(*command.split())
        assert result.code == 3
        assert told in result.err
    assert app.run("submit", "--sweep", "limit=1,2").code == 3
    assert app.run("submit", "--name", "other").code == 3


def test_retry_refuses_a_job_that_is_sure_to_fail_again(app: Application) -> None:
    app.one("raise ValueError('first')")
    assert app.run("submit").code == 1
    app.module("jobs", "def bad(x):\n    return x\n")
    result = app.run("retry")
    assert result.code == 3
    assert "jobs.bad does not fit the inputs" in result.err
    assert app.run("status", "--json").json["submissions"][1:] == []


def test_a_wrong_path_is_reported_as_a_wrong_path(app: Application) -> None:
    prepared(app)
    check = app.run("check")
    assert check.code == 0
    assert "config.toml:3 [DATA_NODE.raw] default_path: there is no file in/raw.json" in check.err
    plan = app.run("plan")
    assert plan.code == 0
    assert f"warning: {WHY}: correct the path, or put the file there" in plan.err
    result = app.run("submit")
    assert result.code == 3
    begin, _, end = result.err.partition("free RUNNING")
    assert f"warning: 2 of 3 jobs cannot start: {WHY}" in begin
    assert f"error: cannot continue: {WHY}" in end
    assert "hint: correct the path, or put the file there" in end
    assert "input raw not written" in result.out
    assert "input raw not written" in app.run("status", app.only_submission()).out
    # The folder of an output is made when it is written.
    assert Path(app.folder, "results", "deep", "out.json").read_text() == "1"


def test_an_output_folder_that_cannot_be_made_is_refused_before_anything_starts(
    app: Application,
) -> None:
    prepared(app)
    (app.folder / "results").write_text("")
    place = app.folder / "results"
    told = (
        f"config.toml:10 [DATA_NODE.out] path: there is no folder {place / 'deep'}: "
        f"{place} is a file"
    )
    for command in ("check", "plan", "submit"):
        result = app.run(command)
        assert result.code == 3, command
        assert told in result.err, result.err
    assert not app.exists(".taipy-exec")
    # Other tasks do not need the folder.
    assert "results" not in app.run("submit", "--task", "load").err


def test_a_failed_import_has_its_line_and_with_verbose_its_traceback(app: Application) -> None:
    prepared(app)
    app.module("jobs", "x = {}\ny = x['conn']\n")
    for command in ("check", "submit"):
        result = app.run(command)
        assert result.code == 3
        assert result.err.count("importing jobs raised KeyError: 'conn' (jobs.py:3: ") == 1
        assert "; the same for [TASK.count], [TASK.free]" in result.err
        assert "Traceback" not in result.err
        assert 'jobs.py", line 3, in <module>' in app.run(command, "-v").err


def test_a_file_that_is_no_toml_is_shown_with_a_caret(app: Application) -> None:
    prepared(app, CONFIG.replace('["raw"]', '["raw" "limit"]', 1))
    for command in ("check", "submit"):
        result = app.run(command)
        assert result.code == 3
        assert "is a comma missing between two values?" in result.err
        lines = result.err.splitlines()
        (at,) = [n for n, line in enumerate(lines) if line.startswith("  13 | inputs = ")]
        assert lines[at + 1] == f"     | {' ' * 16}^"


def test_check_imports_no_package_to_find_out_whether_it_is_there(app: Application) -> None:
    prepared(app, CONFIG.replace('"json"\ndefault_path', '"csv"\ndefault_path'))
    script = (
        "import sys; from taipy_exec.cli.main import run_command; code = run_command(['check']); "
        "sys.exit(code or bool({'pandas', 'numpy', 'sqlalchemy'} & set(sys.modules)))"
    )
    assert app.shell(f'{sys.executable} -c "{script}"').code == 0

"""What `check` and `submit` know before anything runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from taipy_exec.config.compile import Compiled, compile_layers
from taipy_exec.config.layers import layer_from_toml
from taipy_exec.config.problem import Level, Problem
from taipy_exec.config.toml_file import read_toml
from taipy_exec.data import packages
from taipy_exec.errors import ConfigurationError
from taipy_exec.wiring import check_everything, checked, refuse_early

FUNCTIONS = """
def none(): return 1
def one(x): return x
def two(x, y): return x, y
def threes(x) -> tuple[int, int, int]: return 1, 2, 3
def number(x) -> int: return 1
"""
RUN_ONCE = """
with open({file!r}, "a") as runs:
    runs.write("x")
1 / 0
"""
FLOW = """
[DATA_NODE.raw]
default_data = 1
[DATA_NODE.middle]
[DATA_NODE.last]
[TASK.t]
function = "early_jobs.one:function"
inputs = ["raw"]
outputs = ["middle"]
[TASK.u]
function = "early_jobs.one:function"
inputs = ["middle"]
outputs = ["last"]
[SCENARIO.s]
tasks = ["t", "u"]
"""


@pytest.fixture
def compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Compiled]]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "early_jobs.py").write_text(FUNCTIONS)

    def make(text: str) -> Compiled:
        (tmp_path / "config.toml").write_text(text.lstrip())
        layer = layer_from_toml(read_toml(tmp_path / "config.toml"))
        return compile_layers([layer], root=tmp_path, state_dir=tmp_path / "state", environ={})

    yield make
    for name in [name for name in sys.modules if name.startswith("early_")]:
        del sys.modules[name]


Make = Callable[[str], Compiled]


def told(problems: list[Problem], level: Level) -> list[str]:
    """`LINE FIELD: message` of the problems of a level."""
    return [f"{p.line} {p.field}: {p.message}" for p in problems if p.level is level]


def test_a_sound_application_has_no_problem_at_all(compiled: Make) -> None:
    assert check_everything(compiled(FLOW)) == []


# -- functions ----------------------------------------------------------------------------


def test_a_function_with_another_number_of_arguments_is_an_error_with_its_line(
    compiled: Make,
) -> None:
    made = compiled(FLOW.replace("jobs.one", "jobs.two", 1))
    (error,) = told(check_everything(made), Level.ERROR)
    assert error == (
        "6 function: early_jobs.two does not fit the inputs: it takes 2 arguments (x, y), and the "
        "task has 1 input (raw): nothing is given for y"
    )


def test_only_the_tasks_that_are_to_run_are_refused(compiled: Make) -> None:
    made = compiled(FLOW.replace("jobs.one", "jobs.two", 1))
    tasks = made.config.tasks
    checked(made)  # which imports the functions, as each command does first
    refuse_early(made, [tasks["u"]])
    with pytest.raises(ConfigurationError, match="does not fit the inputs"):
        refuse_early(made, [tasks["t"], tasks["u"]])


@pytest.mark.parametrize(
    ("function", "results"),
    [("threes", "3 results (tuple[int, int, int])"), ("number", "one result (int)")],
)
def test_an_annotation_that_promises_other_results_is_a_warning(
    compiled: Make, function: str, results: str
) -> None:
    text = FLOW.replace("jobs.one", f"jobs.{function}", 1)
    text = text.replace('["middle"]\n[TASK.u]', '["middle", "other"]\n[TASK.u]')
    made = compiled(f"{text}\n[DATA_NODE.other]\n")
    assert told(check_everything(made), Level.WARNING) == [
        f"8 outputs: early_jobs.{function} is annotated to return {results}, and the task has 2 "
        "outputs (middle, other)"
    ]
    # A single output takes the result whole.
    alone = compiled(FLOW.replace("jobs.one", f"jobs.{function}", 1))
    assert told(check_everything(alone), Level.WARNING) == []


def test_inputs_in_the_order_of_other_arguments_are_a_warning(compiled: Make) -> None:
    text = FLOW.replace("jobs.one", "jobs.two", 1).replace('["raw"]', '["y", "x"]')
    made = compiled(f"{text}\n[DATA_NODE.x]\ndefault_data = 1\n[DATA_NODE.y]\ndefault_data = 1")
    (warning,) = told(check_everything(made), Level.WARNING)
    assert warning.startswith("7 inputs: y, x are in a different order from the arguments of ")
    assert "early_jobs.two(x, y)" in warning


@pytest.mark.parametrize("file", ["bad.py", "__init__.py"])
def test_a_module_of_a_package_that_cannot_be_imported_is_run_once(
    compiled: Make, tmp_path: Path, file: str
) -> None:
    package = tmp_path / "early_package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "bad.py").write_text("def one(x): return x\n")
    runs = tmp_path / "runs"
    (package / file).write_text(RUN_ONCE.format(file=str(runs)))
    text = FLOW.replace("early_jobs", "early_package.bad")
    (error,) = told(check_everything(compiled(text)), Level.ERROR)
    assert "raised ZeroDivisionError" in error
    assert "; the same for [TASK.u]" in error
    assert runs.read_text() == "x"


def test_a_failed_module_that_two_classes_name_is_run_and_reported_once(
    compiled: Make, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    (tmp_path / "early_rows.py").write_text(RUN_ONCE.format(file=str(runs)))
    rows = "".join(
        f'[DATA_NODE.{name}]\nstorage_type = "json"\nencoder = "early_rows.{name}:class"\n'
        for name in ("A", "B")
    )
    (error,) = told(check_everything(compiled(FLOW + rows)), Level.ERROR)
    assert "importing early_rows raised ZeroDivisionError" in error
    assert "; the same for [DATA_NODE.B]" in error
    assert runs.read_text() == "x"


def test_a_module_that_cannot_be_imported_is_reported_once_with_the_last_line_of_the_user(
    compiled: Make, tmp_path: Path
) -> None:
    (tmp_path / "early_helper.py").write_text('x = {}\n\ny = x["conn"]\n')
    (tmp_path / "early_bad.py").write_text("import early_helper\ndef one(x): return x\n")
    problems = check_everything(compiled(FLOW.replace("early_jobs", "early_bad")))
    (error,) = [problem for problem in problems if problem.level is Level.ERROR]
    assert error.message == (
        "importing early_bad raised KeyError: 'conn' (early_helper.py:3: y = x[\"conn\"]); "
        "the same for [TASK.u]"
    )
    assert error.line == 6
    trace = error.traceback or ""
    assert trace.startswith("Traceback (most recent call last):\n")
    assert 'early_bad.py", line 1' in trace
    assert "importlib" not in trace
    assert "traceback" not in error.as_json()


def test_the_code_of_a_module_that_fails_runs_once(compiled: Make, tmp_path: Path) -> None:
    code = "with open('runs', 'a') as file:\n    file.write('x')\nraise KeyError(1)\n"
    (tmp_path / "early_bad.py").write_text(code)
    assert len(check_everything(compiled(FLOW.replace("early_jobs", "early_bad")))) == 1
    assert (tmp_path / "runs").read_text() == "x"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (
            "raise ValueError(1); url = 'postgresql://me:hidden@host/x'",
            "postgresql://me:***@host/x",
        ),
        ("raise ValueError(1); db_password = 'hidden'", "(early_bad.py:1)"),
        ("raise ValueError(1); API_TOKEN = 'hidden'", "(early_bad.py:1)"),
        ("raise ValueError(1); db_pass = 'hidden'", "(early_bad.py:1)"),
        ("raise ValueError(1); open('redis://u:hidden@host", "(early_bad.py:1"),
        ("raise ValueError(1); url = 'ftp://me:hid@hidden@host/x'", "ftp://me:***@host/x"),
    ],
)
def test_a_line_that_holds_a_secret_is_not_shown(
    compiled: Make, tmp_path: Path, line: str, shown: str
) -> None:
    (tmp_path / "early_bad.py").write_text(f"{line}\n")
    problems = check_everything(compiled(FLOW.replace("early_jobs", "early_bad")))
    (error,) = [problem for problem in problems if problem.level is Level.ERROR]
    assert shown in error.message
    assert "hidden" not in error.message + str(error.traceback)


# -- data ---------------------------------------------------------------------------------


def test_an_input_that_nobody_writes_and_that_has_no_value_is_a_warning(compiled: Make) -> None:
    made = compiled(FLOW.replace("default_data = 1\n", ""))
    assert told(check_everything(made), Level.WARNING) == [
        "1 None: task t reads it, but no task writes it and it has no value: give it default_data "
        "or default_path, or write it first (taipy-exec submit --set raw=VALUE)"
    ]


def test_a_task_that_was_forgotten_in_the_scenario_is_named(compiled: Make) -> None:
    problems = check_everything(compiled(FLOW.replace('["t", "u"]', '["u"]')))
    (warning,) = told(problems, Level.WARNING)
    assert warning.endswith("add the task t, which writes it, to the tasks of the scenario")
    assert told(problems, Level.INFO) == [
        "5 None: no scenario has this task: add it to the tasks of one, or remove it"
    ]


def test_a_value_that_was_written_once_is_one(compiled: Make, tmp_path: Path) -> None:
    made = compiled(FLOW.replace("default_data = 1\n", ""))
    folder = tmp_path / "user_data" / "pickles"
    folder.mkdir(parents=True)
    (folder / "DATANODE_raw_00000000-0000-5000-8000-000000000000.p").write_bytes(b"")
    assert check_everything(made) == []


def test_a_file_that_is_not_there_is_a_warning_with_the_line_of_its_path(
    compiled: Make, tmp_path: Path
) -> None:
    made = compiled(FLOW.replace("default_data = 1", 'default_path = "in/raw.p"'))
    assert told(check_everything(made), Level.WARNING) == [
        "2 default_path: there is no file in/raw.p: correct the path, or put the file there"
    ]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "raw.p").write_bytes(b"")
    assert check_everything(made) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_cannot_be_read_is_a_warning(compiled: Make, tmp_path: Path) -> None:
    made = compiled(FLOW.replace("default_data = 1", 'default_path = "raw.p"'))
    (tmp_path / "raw.p").write_bytes(b"")
    (tmp_path / "raw.p").chmod(0)
    (warning,) = told(check_everything(made), Level.WARNING)
    assert "cannot be read" in warning


def test_a_data_node_that_nobody_uses_is_told_as_information(compiled: Make) -> None:
    problems = check_everything(compiled(f"{FLOW}[DATA_NODE.alone]\n"))
    assert told(problems, Level.INFO) == [
        "15 None: no task reads or writes this data node, and no scenario names it"
    ]


@pytest.mark.parametrize(
    ("given", "key", "does"),
    [("write_fct", "read_fct", "reads"), ("read_fct", "write_fct", "writes")],
)
def test_a_generic_data_node_needs_the_function_that_its_tasks_use(
    compiled: Make, given: str, key: str, does: str
) -> None:
    function = f'storage_type = "generic"\n{given} = "early_jobs.one:function"'
    node = "raw" if does == "reads" else "last"
    text = FLOW.replace("default_data = 1\n", "") if node == "raw" else FLOW
    text = text.replace(f"[DATA_NODE.{node}]", f"[DATA_NODE.{node}]\n{function}")
    (error,) = told(check_everything(compiled(text)), Level.ERROR)
    assert f"{key}: is missing, and task {'t' if does == 'reads' else 'u'} {does}" in error


def test_a_generic_data_node_without_any_function_is_one_error(compiled: Make) -> None:
    text = FLOW.replace("[DATA_NODE.last]", '[DATA_NODE.last]\nstorage_type = "generic"')
    (error,) = told(check_everything(compiled(text)), Level.ERROR)
    assert "read_fct: is missing, as is write_fct" in error


# -- packages -----------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["standalone", "cluster"])
def test_packages_that_are_missing_are_named_with_their_extra(
    compiled: Make, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    gone = {"pandas", "openpyxl"}
    there = packages.is_installed
    monkeypatch.setattr(packages, "is_installed", lambda name: name not in gone and there(name))
    text = FLOW.replace("[DATA_NODE.last]", '[DATA_NODE.last]\nstorage_type = "excel"')
    text = text.replace("[DATA_NODE.middle]", '[DATA_NODE.middle]\nstorage_type = "csv"')
    made = compiled(f'[JOB]\nmode = "{mode}"\n{text}')
    level, here = (Level.ERROR, "") if mode == "standalone" else (Level.WARNING, " here; the")
    found = [one for one in told(check_everything(made), level) if "data nodes need" in one]
    assert len(found) == 2
    assert f"csv data nodes need pandas, which is not installed{here}" in found[0]
    assert f"excel data nodes need openpyxl and pandas, which are not installed{here}" in found[1]
    assert all("pip install" in one for one in found)


@pytest.mark.parametrize(
    ("node", "reads", "writes", "missing"),
    [
        ("csv", True, False, ["pandas"]),
        ("csv", False, True, []),  # the function may return a table of polars
        ('csv"\nexposed_type = "polars', True, False, []),
        ('csv"\nexposed_type = "early_jobs.Row:class', True, False, []),
        ("excel", False, True, ["pandas"]),
        ("pickle", True, True, []),
        ("parquet", True, False, ["pandas"]),
        ('parquet"\nexposed_type = "pyarrow', True, True, []),
    ],
)
def test_only_packages_without_which_every_job_fails_are_missing(
    compiled: Make,
    monkeypatch: pytest.MonkeyPatch,
    node: str,
    reads: bool,
    writes: bool,
    missing: list[str],
) -> None:
    monkeypatch.setattr(packages, "is_installed", lambda name: name != "pandas")
    made = compiled(f'[DATA_NODE.n]\nstorage_type = "{node}"\n')
    found = packages.missing_packages(made.config.data_nodes["n"], reads=reads, writes=writes)
    assert found == missing

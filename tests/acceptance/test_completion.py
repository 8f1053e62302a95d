"""What the shell suggests after Tab, asked for as bash and zsh do."""

from __future__ import annotations

import hashlib
import re
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from command_support import COMMAND, Application

CONFIG = """
[DATA_NODE.default]
storage_type = "pickle"
[DATA_NODE.numbers]
storage_type = "json"
default_path = "numbers.json"
[DATA_NODE.total]
[DATA_NODE.other]
[TASK.add]
function = "flow.work:function"
outputs = ["total:SECTION"]
[TASK.answer]
function = "flow.fail:function"
inputs = ["total:SECTION"]
outputs = ["other"]
[TASK.apart]
function = "flow.work:function"
[SCENARIO.first]
tasks = ["add:SECTION", "answer"]
[SCENARIO.first.sequences]
begin = ["add"]
[SCENARIO.second]
tasks = ["apart"]
"""


def bash(
    app: Application, line: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> list[str]:
    """What is suggested for a line up to where the cursor stands."""
    words = line.split(" ")
    asked = {
        "_TAIPY_EXEC_COMPLETE": "complete_bash",
        "COMP_WORDS": "\n".join(words),
        "COMP_CWORD": str(len(words) - 1),
    }
    result = app.run(cwd=cwd, env={**asked, **(env or {})})
    assert (result.code, result.err) == (0, "")
    return result.out.split()


def zsh(app: Application, line: str) -> str:
    env = {"_TAIPY_EXEC_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": line}
    result = app.run(env=env)
    assert (result.code, result.err) == (0, "")
    return result.out


def tree(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def submitted(app: Application) -> tuple[Application, str]:
    """An application of which one submission failed, with its id cut."""
    app.config(CONFIG)
    result = app.run("submit", ".", "--scenario", "first", "--name", "my_name", "--json")
    assert result.code == 1
    return app, result.json["submission"]["id"][:19]


def test_ids_are_those_that_the_command_takes(submitted: tuple[Application, str]) -> None:
    app, id = submitted
    jobs = [job["id"] for job in app.run("status", id, "--json").json["jobs"]]
    add, answer = (re.sub(r"-.*", "", job) for job in jobs)
    before = tree(app.folder)
    assert bash(app, "taipy-exec status ") == [id]
    assert bash(app, "taipy-exec report SUB") == [id]
    assert bash(app, "taipy-exec status JOB") == []
    assert bash(app, "taipy-exec logs ") == [id, add, answer]
    assert bash(app, "taipy-exec logs JOB_an") == [answer]
    assert bash(app, f"taipy-exec logs {jobs[0][:20]}") == [jobs[0]]
    assert bash(app, "taipy-exec retry ") == [id, answer]
    for command in ("wait", "attach", "resume", "cancel", "pause", "continue"):
        assert bash(app, f"taipy-exec {command} ") == []
    assert tree(app.folder) == before


def test_names_are_those_of_the_configuration(app: Application) -> None:
    app.config(CONFIG)
    before = tree(app.folder)
    assert bash(app, "taipy-exec submit --scenario ") == ["first", "second"]
    assert bash(app, "taipy-exec submit --task ") == ["add", "answer", "apart"]
    assert bash(app, "taipy-exec submit -s second --task ") == ["apart"]
    assert bash(app, "taipy-exec submit --task add,an") == ["add,answer"]
    assert bash(app, "taipy-exec plan . -s first --sequence ") == ["begin"]
    assert bash(app, "taipy-exec data show . ") == ["numbers", "total", "other"]
    assert bash(app, "taipy-exec submit --set nu") == ["numbers="]
    assert bash(app, "taipy-exec submit --mode ") == ["development", "standalone", "cluster"]
    assert bash(app, "taipy-exec report x --format j") == ["json", "junit"]
    assert bash(app, "taipy-exec status --color ") == ["auto", "always", "never"]
    assert bash(app, "taipy-exec submit --na") == ["--name"]
    assert tree(app.folder) == before
    assert not app.exists(".taipy-exec")


def test_names_of_scenario_instances_are_those_that_were_submitted(
    submitted: tuple[Application, str],
) -> None:
    app, _ = submitted
    assert bash(app, "taipy-exec history --name ") == ["my_name"]
    assert bash(app, "taipy-exec submit -s second --name ") == []


def test_the_application_and_its_state_are_those_of_the_line_and_the_environment(
    submitted: tuple[Application, str], tmp_path: Path
) -> None:
    app, id = submitted
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert bash(app, "taipy-exec status ", elsewhere) == []
    assert bash(app, f"taipy-exec status -a {app.folder} ", elsewhere) == [id]
    assert bash(app, f"taipy-exec submit {app.folder}/config.toml --task ad", elsewhere) == ["add"]
    assert bash(app, f"taipy-exec data show {app.folder} x -s ", elsewhere) == ["first", "second"]
    env = {"TAIPY_EXEC_APPLICATION_PATH": str(app.folder)}
    assert bash(app, "taipy-exec status ", elsewhere, env) == [id]
    state = f"{app.folder}/.taipy-exec"
    assert bash(app, f"taipy-exec status --state-dir {state} ", elsewhere) == [id]
    assert bash(app, "taipy-exec wait ", elsewhere, {"TAIPY_EXEC_STATE_DIR": state}) == []
    assert bash(app, "taipy-exec status ", elsewhere, {"TAIPY_EXEC_STATE_DIR": state}) == [id]
    assert bash(app, "taipy-exec status ", app.folder.parent) == [id]
    assert bash(app, f"taipy-exec status --root {app.folder} ", elsewhere) == [id]


def test_zsh_gets_what_is_known_of_each_and_nothing_to_evaluate(
    submitted: tuple[Application, str],
) -> None:
    app, id = submitted
    found = zsh(app, "taipy-exec status ")
    assert re.search(rf'"{id}":"failed, first, \d\d \w+ \d\d.\d\d"', found)
    app.config(CONFIG + '[TASK."$(touch bad)"]\n[DATA_NODE."`touch bad`"]\nstorage_type = "$(x)"\n')
    assert "touch" not in zsh(app, "taipy-exec data show . ")
    app.config(CONFIG.replace('"json"', '"$(touch bad) \\" :"'))
    assert '"numbers":"  touch bad     "' in zsh(app, "taipy-exec data show . ")


def test_running_submissions_are_suggested_where_they_are_wanted(app: Application) -> None:
    app.graph({"t": ("flow.gated", [], ["a"]), "u": ("flow.work", ["a"], ["b"])})
    process = app.start("submit", "--json")
    app.begun()
    id = app.only_submission()[:19]
    for command in ("wait", "attach", "status"):
        assert bash(app, f"taipy-exec {command} ") == [id]
    assert [word[:6] for word in bash(app, "taipy-exec cancel JOB_")] == ["JOB_t_", "JOB_u_"]
    app.open_gate()
    assert app.end(process).code == 0
    assert bash(app, "taipy-exec wait ") == []


def test_after_a_kill_what_was_stored_is_suggested_and_no_file_comes(app: Application) -> None:
    app.graph({"t": ("flow.gated", [], ["a"])})
    process = app.start("submit", "--json")
    app.begun()
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    before = set(tree(app.folder))
    assert len(bash(app, "taipy-exec resume ")) == 1
    assert set(tree(app.folder)) == before


@pytest.mark.one_variant
@pytest.mark.parametrize("what", ["state", "toml", "both", "folder", "newer"])
def test_whatever_is_broken_nothing_is_suggested_and_nothing_is_said(
    submitted: tuple[Application, str], what: str, tmp_path: Path
) -> None:
    app, _ = submitted
    state = app.folder / ".taipy-exec" / "state.db"
    if what in ("state", "both"):
        state.write_bytes(b"not a database" * 100)
    if what in ("toml", "both"):
        app.config("[TASK\n")
    if what == "newer":
        state.unlink()
        subprocess.run(["mkdir", str(state)], check=True)
    folder = tmp_path / "nowhere" if what == "folder" else app.folder
    before = tree(tmp_path)
    for line in (
        f"taipy-exec logs -a {folder} ",
        f"taipy-exec submit {folder} --scenario ",
        f"taipy-exec submit {folder} --task ",
        f"taipy-exec submit {folder} --name ",
        f"taipy-exec data show {folder} ",
    ):
        found = bash(app, line)
        assert found == [] or what in ("state", "toml", "newer")
    assert tree(tmp_path) == before
    assert bash(app, "taipy-exec submit --tail x --task ") in ([], ["add", "answer", "apart"])


def test_a_python_file_is_not_imported_for_a_suggestion(app: Application) -> None:
    (app.folder / "main.py").write_text("open('imported', 'w')\nraise SystemExit\n")
    for line in ("submit main.py --task ", "submit main.py --scenario ", "status -a main.py "):
        assert bash(app, f"taipy-exec {line}") == []
    assert not app.exists("imported")


def test_suggestions_import_nothing_heavy(app: Application) -> None:
    app.config(CONFIG)
    env = {
        "_TAIPY_EXEC_COMPLETE": "complete_bash",
        "COMP_WORDS": "taipy-exec\nlogs\n",
        "COMP_CWORD": "2",
    }
    done = subprocess.run(
        [COMMAND[0], "-X", "importtime", *COMMAND[1:]],
        cwd=app.folder,
        env=app.environment(env),
        capture_output=True,
        text=True,
        check=True,
    )
    names = set(re.findall(r"\| +(\w+)", done.stderr))
    assert "typer" in names
    assert not names & {"pandas", "numpy", "pika", "taipy", "rich", "tomlkit", "multiprocess"}


def test_the_script_for_bash_works_in_bash(submitted: tuple[Application, str]) -> None:
    app, id = submitted
    # Typer asks for the shell by name where it cannot look which one started it.
    env = {
        "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1",
        "PATH": f"{app.folder}:/usr/bin:/bin",
    }
    command = app.folder / "taipy-exec"
    command.write_text(f'#!/bin/sh\nexec {" ".join(COMMAND)} "$@"\n')
    command.chmod(0o755)
    result = app.shell(
        'eval "$(taipy-exec --show-completion bash)"; COMP_WORDS=(taipy-exec report ""); '
        "COMP_CWORD=2; _taipy_exec_completion taipy-exec; echo ${COMPREPLY[@]}",
        env=env,
    )
    assert (result.code, result.err) == (0, "")
    assert result.out.split() == [id]

"""The applications that `init` makes, used as their README says."""

from __future__ import annotations

import re

import pytest
from command_support import Application

from taipy_exec.cli.templates import TEMPLATES


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_template_is_valid_and_complete(app: Application, template: str) -> None:
    made = app.run("init", "demo", "--template", template, "--json")
    assert (made.code, made.json["files"]) == (0, [f"demo/{name}" for name in TEMPLATES[template]])
    assert {"config.toml", "tasks.py", "README.md", ".gitignore"} <= set(TEMPLATES[template])
    checked = app.run("check", "demo")
    assert checked.code == 0
    assert "warning" not in checked.out + checked.err
    again = app.run("init", "demo", "--template", template)
    assert again.code == 2
    assert "--overwrite" in again.err


def test_an_unknown_template_is_wrong_use(app: Application) -> None:
    result = app.run("init", "demo", "--template", "huge")
    assert result.code == 2
    assert "simple or parallel" in result.err
    assert not app.exists("demo")


@pytest.mark.long
def test_the_parallel_template_fails_once_and_is_retried(app: Application) -> None:
    assert app.run("init", "demo", "--template", "parallel").code == 0
    demo = app.folder / "demo"
    failed = app.run("submit", "--json", cwd=demo)
    assert failed.code == 1
    assert failed.job("publish")["status"] == "FAILED"
    assert failed.job("fit_east")["attempt"] == 2
    assert "approved" in app.run("logs", "publish", cwd=demo).out
    (demo / "approved").touch()
    retried = app.run("retry", "--json", cwd=demo)
    assert (retried.code, retried.statuses()) == (0, {"publish": "COMPLETED"})
    assert '"best"' in app.run("data", "show", "published", cwd=demo).out
    second = app.run("submit", "--json", cwd=demo)
    assert set(second.statuses().values()) == {"SKIPPED"}
    changed = app.run("submit", "--set", "months_ahead=12", "--json", cwd=demo)
    skipped = {task for task, status in changed.statuses().items() if status == "SKIPPED"}
    assert skipped == {"clean"}


@pytest.mark.parametrize("template", TEMPLATES)
def test_git_ignores_what_a_run_writes(app: Application, template: str) -> None:
    assert app.run("init", "demo", "--template", template).code == 0
    assert app.shell("cd demo && git init -q && git add -A").code == 0
    assert app.run("submit", "demo", "--json").code in (0, 1)
    status = app.shell("cd demo && git status --porcelain").out.splitlines()
    assert len(status) == len(TEMPLATES[template])
    assert all(line.startswith("A ") for line in status)


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_readme_names_commands_that_exist(app: Application, template: str) -> None:
    commands = re.findall(r"^ +taipy-exec ([a-z-]+)", TEMPLATES[template]["README.md"], re.M)
    assert len(commands) >= 5
    for command in set(commands):
        assert app.run(command, "--help").code == 0

"""The state remembers which application a submission came from: later commands need not be told."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from command_support import Application

JOBS = "def bad():\n    assert os.path.exists('gate')\n    return 1\n"


@pytest.fixture
def failed(app: Application) -> Application:
    """A folder with two TOML files, good.toml and other.toml; a submission of the first failed."""
    app.module("jobs", JOBS)
    app.graph({"bad": ("jobs.bad", [], ["b"]), "good": ("flow.work", [], ["g"])}, scenario="mine")
    (app.folder / "config.toml").rename(app.folder / "good.toml")
    app.graph({"apart": ("flow.work", [], ["e"])}, scenario="theirs")
    (app.folder / "config.toml").rename(app.folder / "other.toml")
    assert app.run("submit", "good.toml").code == 1
    return app


def hints(text: str) -> list[str]:
    return re.findall(r"taipy-exec ((?:logs|retry|wait|report) \S+.*?)(?:\n|$)", text)


def test_hints_that_name_no_application_work_as_they_stand(failed: Application) -> None:
    result = failed.run("retry", "@1")
    assert result.code == 1
    found = hints(result.err)
    assert len(found) == 2
    (failed.folder / "gate").touch()
    for hint in found:
        assert "-a" not in hint
        assert failed.run(*hint.split()).code == 0, hint


@pytest.mark.one_variant
@pytest.mark.parametrize("command", ["logs", "wait", "attach", "status", "report", "cancel"])
def test_every_command_on_a_submission_finds_its_file(failed: Application, command: str) -> None:
    result = failed.run(command, "@1", "--json")
    assert result.code == {"wait": 1, "attach": 1, "cancel": 2}.get(command, 0)


def test_the_file_counts_although_there_is_a_config_toml(failed: Application) -> None:
    shutil.copy(failed.folder / "other.toml", failed.folder / "config.toml")
    assert failed.run("retry", "@1", "-a", "config.toml").code == 8
    (failed.folder / "gate").touch()
    result = failed.run("retry", "@1", "--json")
    assert result.code == 0
    assert result.statuses() == {"bad": "COMPLETED"}


def test_a_file_that_is_gone_is_named(failed: Application) -> None:
    (failed.folder / "good.toml").rename(failed.folder / "new.toml")
    result = failed.run("retry")
    assert result.code == 3
    assert re.search(r"SUBMISSION_\w{8} was submitted from good\.toml, which is gone", result.err)
    assert "--application-path" in result.err
    assert failed.run("logs").code == 0
    (failed.folder / "gate").touch()
    assert failed.run("retry", "-a", "new.toml").code == 0


def test_a_folder_that_was_moved_is_found_with_its_state(failed: Application) -> None:
    moved = failed.folder.parent / "moved"
    failed.folder.rename(moved)
    (moved / "gate").touch()
    assert failed.run("retry", cwd=moved).code == 0


def test_an_interrupted_submission_is_resumed_from_its_file(app: Application) -> None:
    app.graph({"t": ("flow.gated", [], ["a"])})
    (app.folder / "config.toml").rename(app.folder / "mine.toml")
    shutil.copy(app.folder / "mine.toml", app.folder / "other.toml")
    process = app.start("submit", "mine.toml", "--json")
    app.begun()
    process.kill()
    app.end(process)
    app.open_gate()
    result = app.run("resume", "--json")
    assert (result.code, result.statuses()) == (0, {"t": "COMPLETED"})


def test_a_root_that_was_given_is_used_again(app: Application) -> None:
    app.module("jobs", JOBS)
    app.graph({"bad": ("jobs.bad", [], ["b"])})
    elsewhere = app.folder.parent / "elsewhere"
    elsewhere.mkdir()
    (app.folder / "config.toml").rename(elsewhere / "config.toml")
    result = app.run("submit", str(elsewhere / "config.toml"), "--root", ".")
    assert result.code == 1
    assert all("--root" not in hint for hint in hints(result.err))
    (app.folder / "gate").touch()
    assert app.run("retry").code == 0


def test_from_elsewhere_hints_name_the_application(failed: Application, tmp_path: Path) -> None:
    result = failed.run("submit", str(failed.folder / "good.toml"), cwd=tmp_path)
    assert result.code == 1
    found = hints(result.err)
    assert found
    for hint in found:
        assert f"-a {failed.folder / 'good.toml'}" in hint
        assert failed.run(*hint.split(), cwd=tmp_path).code in (0, 1), hint

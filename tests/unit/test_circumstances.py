"""With what a submission is made: the state of its code, and the packages that it imports."""

from __future__ import annotations

import importlib.metadata
import subprocess
from pathlib import Path

import pytest

from taipy_exec.config.application import AppConfig, JobConfig, TaskConfig
from taipy_exec.config.reference import FunctionRef
from taipy_exec.engine.circumstances import circumstances, package_versions, read_status
from taipy_exec.model.provenance import COMMAND, PROVENANCE, Provenance


def application(root: Path) -> AppConfig:
    task = TaskConfig(id="t", function_ref=FunctionRef("jobs.work"))
    return AppConfig(root=root, state_dir=root / ".taipy-exec", job=JobConfig(), tasks={"t": task})


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=n", "-c", "user.email=n@example.org"]
    done = subprocess.run(
        ["git", *identity, "-C", str(folder), *arguments],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "jobs.py").write_text("def work(): pass\n", encoding="utf-8")
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", "jobs.py")
    git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


def test_the_commit_and_its_branch_are_found(repository: Path) -> None:
    found = circumstances(application(repository))
    assert (found.commit, found.branch) == (git(repository, "rev-parse", "HEAD"), "main")
    assert (found.changes, found.changed) == (0, ())


def test_files_that_differ_from_the_commit_are_named_and_new_ones_are_not(repository: Path) -> None:
    (repository / "jobs.py").write_text("def work(): return 1\n", encoding="utf-8")
    (repository / "output.csv").write_text("1\n", encoding="utf-8")
    found = circumstances(application(repository))
    assert (found.changes, found.changed) == (1, ("jobs.py",))


def test_the_index_of_git_is_not_written(repository: Path) -> None:
    index = repository / ".git" / "index"
    (repository / "jobs.py").touch()
    before = index.read_bytes()
    circumstances(application(repository))
    assert index.read_bytes() == before


def test_without_git_the_rest_is_told(tmp_path: Path) -> None:
    (tmp_path / "jobs.py").write_text("def work(): pass\n", encoding="utf-8")
    found = circumstances(application(tmp_path))
    assert found.commit is None
    assert found.python
    assert found.user


def test_renamed_and_unmerged_files_are_read_by_their_names() -> None:
    told = (
        "# branch.oid 1234\0# branch.head (detached)\0"
        "1 .M N... 100644 100644 100644 aa bb a file.py\0"
        "2 R. N... 100644 100644 100644 aa bb R100 new name.py\0old name.py\0"
        "u UU N... 100644 100644 100644 100644 aa bb cc both.py\0"
    )
    found = read_status(Provenance(), told)
    assert found.changed == ("a file.py", "new name.py", "both.py")
    assert (found.commit, found.branch, found.changes) == ("1234", None, 3)


def test_packages_are_those_that_the_own_modules_import(tmp_path: Path) -> None:
    (tmp_path / "jobs.py").write_text(
        "import json\nimport other\ndef work():\n    import msgspec.json\n", encoding="utf-8"
    )
    (tmp_path / "other.py").write_text("from yaml import safe_load\nimport nowhere\n", "utf-8")
    expected = {name: importlib.metadata.version(name) for name in ("msgspec", "PyYAML")}
    assert package_versions(application(tmp_path)) == expected


def test_it_is_read_again_from_the_properties_of_a_submission() -> None:
    made = Provenance(
        command="taipy-exec submit",
        user="ann",
        python="3.11.0",
        packages={"numpy": "2.0"},
        commit="abc",
        changes=1,
        changed=("a.py",),
    )
    properties = {COMMAND: made.command, PROVENANCE: made.as_property()}
    assert Provenance.of(properties) == made
    assert Provenance.of({}) is None


@pytest.mark.parametrize("odd", [None, 7, [], {"packages": 3, "changed": 4, "changes": "x"}])
def test_odd_properties_of_another_hand_are_read_as_nothing(odd: object) -> None:
    found = Provenance.of({COMMAND: "c", PROVENANCE: odd})
    assert found == Provenance(command="c")

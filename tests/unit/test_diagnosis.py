"""The checks of `doctor` that look at limits of this machine, with other machines made up."""

from __future__ import annotations

import os
import resource
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from taipy_exec.config.application import AppConfig, CoreConfig
from taipy_exec.operations.doctor import broker, control_groups, diagnosis, folder
from taipy_exec.operations.doctor import machine as machine_findings
from taipy_exec.operations.doctor.diagnosis import Finding, Level


def only(findings: list[Finding], name: str) -> Finding:
    (found,) = (finding for finding in findings if finding.name == name)
    return found


def machine(workers: int, name: str) -> Finding:
    return only(machine_findings.check_machine(workers, own_processes=True), name)


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose control groups are those that a test makes."""
    monkeypatch.setattr(control_groups, "_GROUPS", tmp_path)
    monkeypatch.setattr(control_groups, "_MINE", tmp_path / "mine")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY,) * 2)
    return tmp_path


def group(root: Path, mine: str, **files: str) -> None:
    (root / "mine").write_text(mine)
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


# -- control groups -----------------------------------------------------------------------


def test_the_least_limit_of_the_groups_above_counts(groups: Path) -> None:
    group(
        groups,
        "0::/a/b\n",
        a__b__memory_dot_max="max\n",
        a__memory_dot_max="300000000\n",
        memory_dot_max="900000000\n",
    )
    assert control_groups.memory_limit() == 300_000_000


def test_version_1_is_read_too_and_its_greatest_number_is_no_limit(groups: Path) -> None:
    limit = {"memory__memory_dot_limit_in_bytes": "9223372036854771712\n"}
    group(groups, "4:memory:/docker/x\n0::/\n", **limit)
    assert control_groups.memory_limit() is None
    group(groups, "4:cpu,memory:/\n0::/\n", memory__memory_dot_limit_in_bytes="268435456\n")
    assert control_groups.memory_limit() == 268_435_456


def test_without_control_groups_there_is_no_limit(groups: Path) -> None:
    assert control_groups.memory_limit() is None
    assert control_groups.processes_left() == (None, "")


def test_processes_are_limited_by_the_group_or_by_the_user(
    groups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    group(groups, "0::/\n", pids_dot_max="100\n", pids_dot_current="90\n")
    assert control_groups.processes_left() == (10, "the container's or the unit's limit")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (5, 5))
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000)  # somebody who has no process
    assert control_groups.processes_left() == (5, "ulimit -u")


# -- the machine --------------------------------------------------------------------------


def test_a_small_container_is_warned_of_with_what_fits(groups: Path) -> None:
    group(groups, "0::/\n", memory_dot_max="512000000\n")
    assert machine(4, "memory").level is Level.OK
    found = machine(8, "memory")
    assert found.level is Level.WARNING
    assert "512.0 MB is the limit" in found.message
    assert (found.fix or "").startswith("--workers 4 fits")


def test_too_few_processes_are_warned_of(groups: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    group(groups, "0::/\n", pids_dot_max="40\n", pids_dot_current="20\n")
    assert machine(4, "processes").level is Level.OK
    found = machine(5, "processes")
    assert found.level is Level.WARNING
    assert "20 more processes and threads are allowed" in found.message
    assert "--pids-limit" in (found.fix or "")


def test_a_hard_limit_of_descriptors_wants_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, 64))
    found = machine(2, "descriptors")
    assert found.level is Level.WARNING
    assert found.fix == "as root: prlimit --nofile=80:80 --pid $$ (a unit: LimitNOFILE=80)"


@pytest.mark.parametrize(
    "wrong",
    [
        OSError(12, "Cannot allocate memory"),
        subprocess.TimeoutExpired("python", 30.0),
        SimpleNamespace(returncode=-11),
    ],
    ids=["refused", "hangs", "dies"],
)
def test_a_python_that_cannot_be_started_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, wrong: Any
) -> None:
    def run(*_: object, **__: object) -> object:
        if isinstance(wrong, Exception):
            raise wrong
        return wrong

    monkeypatch.setattr(subprocess, "run", run)
    found = machine(1, "start method")
    assert found.level is Level.PROBLEM
    assert "no job can run" in found.message
    assert found.fix


def test_without_a_folder_for_temporary_files_there_is_a_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nowhere() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr("tempfile.gettempdir", nowhere)
    found = machine(1, "temporary files")
    assert (found.level, "TMPDIR" in (found.fix or "")) == (Level.WARNING, True)
    monkeypatch.setattr("tempfile.gettempdir", lambda: "/somewhere/else")
    assert "/somewhere/else" in machine(1, "temporary files").message


# -- folders ------------------------------------------------------------------------------


@pytest.fixture
def app(tmp_path: Path) -> AppConfig:
    return AppConfig(root=tmp_path, state_dir=tmp_path / "state")


@pytest.mark.parametrize(
    ("free", "level"),
    [(10**12, Level.OK), (10**8, Level.WARNING), (10**6, Level.PROBLEM)],
)
def test_a_full_disk_is_told_with_the_command_that_makes_room(
    app: AppConfig, monkeypatch: pytest.MonkeyPatch, free: int, level: Level
) -> None:
    room = SimpleNamespace(f_bavail=free, f_frsize=1, f_files=0, f_favail=0)
    monkeypatch.setattr(os, "statvfs", lambda _: room)
    found = only(folder.check_folders(app, "my app"), "disk of the state folder")
    assert found.level is level
    if level is not Level.OK:
        assert "taipy-exec clean --older-than 30d --data --dry-run -a 'my app'" in str(found.fix)


def test_a_disk_without_room_for_files_is_a_problem(
    app: AppConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = SimpleNamespace(f_bavail=10**9, f_frsize=4096, f_files=1000, f_favail=0)
    monkeypatch.setattr(os, "statvfs", lambda _: room)
    found = only(folder.check_folders(app, "."), "disk of the state folder")
    assert found.level is Level.PROBLEM
    assert "room for 0 more files" in found.message


def test_folders_that_cannot_be_written_are_problems(
    app: AppConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    apart = AppConfig(
        root=app.root, state_dir=app.state_dir, core=CoreConfig(storage_folder="my data")
    )
    found = folder.check_folders(apart, ".")
    assert only(found, "state folder").level is Level.PROBLEM
    storage = only(found, "storage folder")
    assert storage.level is Level.PROBLEM
    place = f"'{app.root}/my data'"
    assert f'sudo mkdir -p {place} && sudo chown -R "$(id -u)" {place}' in str(storage.fix)


# -- packages and the broker -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "level"),
    [("2.0.3", Level.WARNING), ("2.1", Level.OK), ("2.10.1", Level.OK), ("", Level.OK)],
)
def test_a_package_that_is_too_old_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, version: str, level: Level
) -> None:
    monkeypatch.setattr(diagnosis, "_version", lambda _: version)
    monkeypatch.setattr(diagnosis, "_least_versions", lambda: {"pandas": "2.1"})
    found = diagnosis._installed("csv", ["pandas"])
    assert found.level is level
    if level is Level.WARNING:
        assert found.fix == "pip install --upgrade 'pandas>=2.1'"
        assert "pandas 2.0.3 installed" in found.message


def test_the_least_versions_are_those_of_the_extras() -> None:
    found = diagnosis._least_versions()
    assert found["pandas"] == "2.1"
    assert "psycopg2-binary" in found


@pytest.mark.parametrize(
    ("ahead", "told"),
    [(0.9, "agrees"), (-2.0, "agrees"), (3600.4, "3600 s behind"), (-60.0, "60 s ahead of")],
)
def test_a_clock_that_differs_from_the_brokers_is_warned_of(ahead: float, told: str) -> None:
    found = broker._clock(ahead)
    assert told in found.message
    assert (found.fix is None) == (told == "agrees")


@pytest.mark.parametrize(
    ("told", "left"), [("all workers that answered run", 1), ("fine as long as all run", 2)]
)
def test_where_all_workers_are_here_nothing_warns_of_data_that_only_this_host_sees(
    told: str, left: int
) -> None:
    warning = (
        "generated files are in /tmp/x, which only this host sees; use a folder that all share"
    )
    findings = [
        Finding(name="configuration", message=warning, level=Level.WARNING),
        Finding(name="data folder", message=f"/tmp/x: {told} on this machine"),
    ]
    assert len(broker.without_doubts_settled(findings)) == left

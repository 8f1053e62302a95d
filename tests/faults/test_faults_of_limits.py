"""Few descriptors, few processes, no HOME, no folder for temporary files, a read-only one: F37."""

from __future__ import annotations

import os
import shutil

import pytest
from command_support import COMMAND, Result
from modes import ALL, APART, InMode, in_modes

pytestmark = pytest.mark.once

TASKS = {
    **{f"t{n}": (f"return {n}", [], [f"o{n}"]) for n in range(6)},
    "last": ("return sum(inputs)", [f"o{n}" for n in range(6)], ["z"]),
}


def under(place: InMode, line: str, *, workers: int = 2) -> Result:
    """Submit, and run a worker too, after a line of bash that takes something away."""
    wrapped = ["bash", "-c", f'{line}; exec "$@"', "-", *COMMAND]
    place.worker(workers, command=wrapped)
    submit = place.start("submit", ".", "--json", command=wrapped)
    return place.end(submit, 90)


def runs(place: InMode, result: Result) -> None:
    assert result.code == 0, result.err
    assert set(result.statuses().values()) == {"COMPLETED"}
    assert place.value("z") == 15
    place.has_run(result)


@pytest.mark.representative
@in_modes(*ALL)
@pytest.mark.parametrize("workers", [2, 8])
def test_f37_64_descriptors_are_enough(place: InMode, workers: int) -> None:
    place.graph(TASKS, workers=workers)
    runs(place, under(place, "ulimit -n 64", workers=workers))


@in_modes(*APART)
@pytest.mark.parametrize("limit", [20, 28])
def test_f37_fewer_descriptors_are_enough_or_named(place: InMode, limit: int) -> None:
    place.graph(TASKS, workers=8)
    if place.mode == "cluster":
        place.worker(8)
    result = place.shell(f"ulimit -n {limit}; $T submit --json")
    assert "Traceback" not in result.err, result.err
    assert "a bug in" not in result.err, result.err
    if result.code == 0:
        runs(place, result)
    else:
        assert "error: " in result.err
        assert place.submit().code == 0


def user(limit: int | None) -> str:
    """To become a user of one's own, who may read everything and write what root may write."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("a limit of processes counts for no root, and setpriv is needed to be another")
    rights = "+dac_read_search,+dac_override"
    number = 60_000 + os.getpid() % 5_000
    limited = f"--rlimit-nproc {limit}" if limit else ""
    return (
        f"setpriv --reuid={number} --regid={number} --clear-groups "
        f"--inh-caps=-all,{rights} --ambient-caps={rights} {limited}"
    )


@in_modes("standalone")
@pytest.mark.parametrize("limit", [1, 2, 3, 4, 6, 12, 40])
def test_f37_few_processes_are_enough_or_named(place: InMode, limit: int) -> None:
    place.graph(TASKS, workers=4)
    line = f"ulimit -u {limit}; exec {user(None)} $T submit --json"
    result = place.shell(line)
    assert "Traceback" not in result.err, result.err
    assert "a bug in" not in result.err, result.err
    if result.code == 0:
        runs(place, result)
        return
    assert limit < 12, result.err
    assert result.code in (1, 7), result.err
    assert "error: " in result.err
    assert place.submit("--force").code == 0


@in_modes(*ALL)
def test_f37_no_home_and_no_path(place: InMode) -> None:
    place.graph(TASKS)
    runs(place, under(place, "unset HOME PATH USER LOGNAME LANG TERM"))


@in_modes(*ALL)
def test_f37_a_home_that_is_not_there(place: InMode) -> None:
    place.graph(TASKS)
    runs(place, under(place, "export HOME=/nowhere XDG_CACHE_HOME=/nowhere"))


@in_modes(*ALL)
def test_f37_no_folder_for_temporary_files(place: InMode) -> None:
    """All of /tmp and /var/tmp is read-only, but for the application's folder."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("another view of the disks needs root and unshare (util-linux)")
    place.graph(TASKS)
    here = str(place.app.folder)
    mounts = "true"
    for folder in ("/tmp", "/var/tmp", "/dev/shm"):
        mounts += f" && mount --bind {folder} {folder} && mount -o remount,ro,bind {folder}"
    # The application's folder lies below one of them: mounted again, to be written.
    mounts += f" && mount --bind '{here}' '{here}' && mount -o remount,rw,bind '{here}'"
    wrapped = ["unshare", "-m", "bash", "-c"]
    script = f'{mounts} && cd "{here}" && unset TMPDIR && exec "$@"'
    command = [*wrapped, script, "-", *COMMAND]
    place.worker(command=command)
    submit = place.start("submit", ".", "--json", command=command)
    runs(place, place.end(submit, 90))


@in_modes(*ALL)
def test_f37_a_read_only_folder_of_the_application(place: InMode) -> None:
    """With the state and the data elsewhere it runs; without, there is one clear error."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("another view of the disks needs root and unshare (util-linux)")
    tasks = {"t": ("return 1", [], ["a"]), "u": ("return inputs[0]", ["a"], ["b"])}
    place.graph(tasks)
    here, elsewhere = place.app.folder, place.app.folder / "elsewhere"
    elsewhere.mkdir()
    # What the jobs of these tests write themselves.
    (here / "ledger").touch()
    mounts = f"mount --bind '{here}' '{here}' && mount -o remount,ro,bind '{here}'"
    for writable in (elsewhere, here / "ledger"):
        mounts += f" && mount --bind '{writable}' '{writable}'"
        mounts += f" && mount -o remount,rw,bind '{writable}'"
    script = f'{mounts} && cd "{here}" && exec "$@"'
    command = ["unshare", "-m", "bash", "-c", script, "-", *COMMAND]
    refused = place.end(place.start("submit", ".", "--json", command=command), 60)
    assert refused.code == 7
    assert "--state-dir" in refused.err
    assert "Read-only" in refused.err or "read-only" in refused.err
    text = (here / "config.toml").read_text()
    (here / "config.toml").write_text(f'{text}\n[CORE]\nstorage_folder = "elsewhere/data"\n')
    env = {"TAIPY_EXEC_STATE_DIR": str(elsewhere / "state")}
    place.worker(command=command)
    result = place.end(place.start("submit", ".", "--json", command=command, env=env), 90)
    assert result.code == 0, result.err
    assert set(result.statuses().values()) == {"COMPLETED"}
    assert list((elsewhere / "data" / "pickles").glob("DATANODE_b_*"))

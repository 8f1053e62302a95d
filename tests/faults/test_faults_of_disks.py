"""Disks that are full or may not be written, under the state, the logs and the outputs: F32."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command_support import COMMAND, Result
from invariants import Observed
from modes import ALL, APART, InMode, in_modes

pytestmark = pytest.mark.once

HOW = ("full", "read-only", "no inodes")
WORDS = {
    "full": "No space left|disk is full|no room",
    "read-only": "Read-only|read-only",
    "no inodes": "No space left|disk is full|no room",
}


class SmallDisk:
    """A disk of 2 MB with few inodes, mounted in the application's folder."""

    def __init__(self, app: Observed, place: Path) -> None:
        self._app = app
        self.place = place
        place.mkdir(parents=True, exist_ok=True)
        _mount("-t", "tmpfs", "-o", "size=2m,nr_inodes=60", "tmpfs", str(place))

    def spoil(self, how: str) -> None:
        """Make it full, read-only, or leave it without an inode. Who only reads cannot then."""
        self._app.watch.stop()
        if how == "read-only":
            _mount("-o", "remount,ro", str(self.place))
        elif how == "full":
            self._fill()
        else:
            for number in range(100):
                try:
                    (self.place / f"fill{number}").touch()
                except OSError:
                    return

    def _fill(self) -> None:
        with (self.place / "fill").open("wb", buffering=0) as file:
            try:
                while file.write(b"x" * 4096):
                    pass
            except OSError:
                pass

    def mend(self) -> None:
        _mount("-o", "remount,rw", str(self.place))
        for file in self.place.glob("fill*"):
            file.unlink()


def _mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no right to mount a small disk: {done.stderr.strip()}")


@pytest.fixture
def disk(place: InMode) -> Iterator[Callable[[str], SmallDisk]]:
    """Mounts small disks in the application's folder."""
    made: list[Path] = []

    def mount(name: str) -> SmallDisk:
        made.append(place.app.folder / name)
        return SmallDisk(place.app, made[-1])

    yield mount
    # What the check at the end looks at must be there then.
    for path in made:
        kept = path.with_name(f"{path.name}.kept")
        subprocess.run(["cp", "-a", str(path), str(kept)], check=False, capture_output=True)
        subprocess.run(["umount", "-l", str(path)], check=True)
        path.rmdir()
        kept.rename(path)


def told(result: Result, how: str) -> None:
    """One clear sentence that says what is wrong, and no traceback of ours."""
    assert "Traceback" not in result.err, result.err
    assert "a bug in" not in result.err, result.err
    text = result.err + result.out
    assert re.search(WORDS[how], text), text


@in_modes(*ALL)
@pytest.mark.parametrize("how", HOW)
def test_f32_under_the_state_before_the_submit(
    place: InMode, disk: Callable[[str], SmallDisk], how: str
) -> None:
    small = disk(".taipy-exec")
    place.graph({"t": ("return 1", [], ["a"])})
    assert place.submit().code == 0
    small.spoil(how)
    result = place.run("submit", ".", "--json")
    assert result.code == 7, result.err
    told(result, how)
    small.mend()
    assert place.submit().code == 0


@in_modes(*ALL)
@pytest.mark.parametrize("how", HOW)
def test_f32_under_a_state_that_is_to_be_made(
    place: InMode, disk: Callable[[str], SmallDisk], how: str
) -> None:
    small = disk(".taipy-exec")
    small.spoil(how)
    place.graph({"t": ("return 1", [], ["a"])})
    result = place.run("submit", ".", "--json")
    assert result.code == 7, result.err
    told(result, how)
    small.mend()
    assert place.submit().code == 0


@in_modes(*ALL)
def test_f32_a_state_that_becomes_full_while_jobs_run(
    place: InMode, disk: Callable[[str], SmallDisk]
) -> None:
    small = disk(".taipy-exec")
    place.graph(
        {
            "before": ("return 1", [], ["a"]),
            "t": ("gate()\nreturn 1", ["a"], ["b"]),
            # More than SQLite's log has room for without a checkpoint.
            **{f"n{n}": (f"return {n}", ["b"], [f"o{n}"]) for n in range(40)},
        }
    )
    submit = place.submitting()
    place.app.begun(2)
    small.spoil("full")
    place.app.open_gate()
    result = place.end(submit)
    if result.code != 0:
        assert result.code == 7, result.err
        told(result, "full")
    small.mend()
    carried = place.submit()
    assert carried.code == 0, carried.err
    assert set(carried.statuses().values()) == {"COMPLETED"}


@pytest.mark.representative
@in_modes(*ALL)
@pytest.mark.parametrize("how", HOW)
def test_f32_under_the_outputs(place: InMode, disk: Callable[[str], SmallDisk], how: str) -> None:
    small = disk("user_data")
    (small.place / "pickles").mkdir()
    place.graph(
        {
            "t": ("return bytes(300_000)", [], ["a"]),
            "u": ("return 1", ["a"], ["b"]),
            "v": ("return None", [], []),
        }
    )
    small.spoil(how)
    result = place.submit()
    assert result.code == 1
    assert result.statuses() == {"t": "FAILED", "u": "ABANDONED", "v": "COMPLETED"}
    assert result.job("t")["reason"] == "write_output"
    told(result, how)
    small.mend()
    again = place.submit()
    assert set(again.statuses().values()) == {"COMPLETED"}
    # A full disk under a value that is there: it stays, whole.
    small.spoil(how)
    failed = place.submit("--force")
    assert failed.statuses()["t"] == "FAILED"
    assert place.value("a") == bytes(300_000)
    small.mend()
    assert not list(small.place.rglob("*.part"))


@in_modes(*ALL)
@pytest.mark.parametrize("how", HOW)
def test_f32_under_the_logs(place: InMode, disk: Callable[[str], SmallDisk], how: str) -> None:
    (place.app.folder / ".taipy-exec").mkdir()
    small = disk(".taipy-exec/logs")
    place.graph({"t": ("print('x' * 3_000_000)\nreturn 1", [], ["a"])})
    small.spoil(how)
    result = place.submit()
    assert result.code == 0
    assert result.statuses() == {"t": "COMPLETED"}
    small.mend()
    place.has_run(result)


@in_modes(*APART)
def test_f32_a_limit_of_the_size_of_files(place: InMode) -> None:
    """What a user without the right to mount anything can have: `ulimit -f`."""
    place.graph({"t": ("return bytes(3_000_000)", [], ["a"]), "v": ("return 1", [], ["b"])})
    if place.mode == "cluster":
        place.worker(command=["bash", "-c", 'ulimit -f 1000; exec "$@"', "-", *COMMAND])
        result = place.submit()
    else:
        result = place.shell("ulimit -f 1000; $T submit --json")
    assert result.code == 1
    assert result.statuses() == {"t": "FAILED", "v": "COMPLETED"}
    assert "File too large" in result.job("t")["error"]["message"]
    place.has_run(result)


@in_modes("development")
def test_f32_stdout_on_a_full_disk_is_told_and_nothing_else_happens(place: InMode) -> None:
    place.graph({"t": ("return 1", [], ["a"])})
    assert place.submit().code == 0
    for words in ("submit", "submit --json", "status --json", "data list", "graph", "--help"):
        result = place.shell(f"$T {words} > /dev/full")
        assert result.code == 2, (words, result.err)
        told(result, "full")
    assert place.submit().code == 0


@in_modes("standalone")
def test_f32_a_full_disk_for_temporary_files_costs_nothing(
    place: InMode, disk: Callable[[str], SmallDisk]
) -> None:
    small = disk("small")
    place.graph({"t": ("return 1", [], ["a"])})
    small.spoil("full")
    assert place.submit(env={"TMPDIR": str(small.place)}).code == 0

"""A store that is only read: without rights to write, after a kill, of an older version."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from taipy_exec.errors import StoreError
from taipy_exec.store import reading
from taipy_exec.store.database import DATABASE
from taipy_exec.store.rows import Instance
from taipy_exec.store.schema import LATEST, migrate
from taipy_exec.store.store import Store

KILLED = """
import os, sys
from pathlib import Path
from taipy_exec.store.rows import Instance
from taipy_exec.store.store import Store
store = Store(Path(sys.argv[1]))
store.add_instance(Instance(id="late", scenario="s", name="late", created_at=2.0))
os._exit(0)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with_one = Store(tmp_path / "state")
    with_one.add_instance(Instance(id="one", scenario="s", name="one", created_at=1.0))
    with_one.close()
    return with_one.folder


@pytest.fixture
def left_open(folder: Path) -> Path:
    """Its writer died: the last write is in SQLite's log alone."""
    subprocess.run([sys.executable, "-c", KILLED, str(folder)], check=True)
    assert (folder / f"{DATABASE}-wal").stat().st_size
    return folder


@pytest.fixture
def nobody_may_write(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As far as the program looks: root may write everywhere."""
    monkeypatch.setattr("taipy_exec.store.database.os.access", lambda *_, **__: False)
    if os.getuid():
        folder.chmod(0o500)
    yield
    folder.chmod(0o700)


def names(store: Store) -> list[str]:
    found = [instance.name for instance in store.instances()]
    store.close()
    return found


def files(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        path.name: (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.iterdir()
        if path.is_file() and not path.name.endswith("-shm")
    }


def test_reading_leaves_no_file_and_changes_none(folder: Path) -> None:
    before = files(folder)
    assert names(Store(folder, read_only=True)) == ["one"]
    assert files(folder) == before


def test_what_is_in_the_log_of_a_dead_writer_is_read_and_stays_there(left_open: Path) -> None:
    before = files(left_open)
    assert names(Store(left_open, read_only=True)) == ["one", "late"]
    assert files(left_open) == before


@pytest.mark.usefixtures("nobody_may_write")
def test_a_folder_without_the_right_to_write_can_be_read(folder: Path) -> None:
    assert names(Store(folder, create=False)) == ["one"]


def test_a_log_beside_which_nothing_can_be_written_is_read_as_a_copy(
    left_open: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files(left_open)
    monkeypatch.setattr(reading, "_connect", lambda _: _Refusing())
    assert names(Store(left_open, read_only=True)) == ["one", "late"]
    assert files(left_open) == before


class _Refusing:
    """What SQLite does where it may not make the map of a log."""

    def execute(self, _: str) -> None:
        raise sqlite3.OperationalError("unable to open database file")

    def close(self) -> None:
        pass


def test_what_is_only_read_refuses_to_be_written(folder: Path) -> None:
    store = Store(folder, read_only=True)
    with pytest.raises(StoreError, match="cannot be opened for writing"):
        store.add_instance(Instance(id="two", scenario="s", name="two", created_at=2.0))
    store.close()


def test_an_older_store_is_brought_up_to_date_in_memory_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taipy_exec.store.schema.LATEST", 1)
    with sqlite3.connect(tmp_path / DATABASE, isolation_level=None) as older:
        migrate(older)
    older.close()
    monkeypatch.setattr("taipy_exec.store.schema.LATEST", LATEST)
    before = files(tmp_path)
    store = Store(tmp_path, read_only=True)
    assert store.rows("PRAGMA user_version") == [(LATEST,)]
    assert store.edit_times() == {}
    store.close()
    assert files(tmp_path) == before


@pytest.mark.parametrize(
    ("content", "told"), [(b"no database at all " * 100, "damaged"), (None, "cannot be opened")]
)
def test_what_is_no_store_is_told(tmp_path: Path, content: bytes | None, told: str) -> None:
    if content is not None:
        (tmp_path / DATABASE).write_bytes(content)
    with pytest.raises(StoreError, match=told):
        Store(tmp_path, read_only=True)


def test_a_newer_store_is_refused_for_reading_too(folder: Path) -> None:
    with sqlite3.connect(folder / DATABASE) as store:
        store.execute(f"PRAGMA user_version = {LATEST + 1}")
    store.close()
    with pytest.raises(StoreError, match="by a newer taipy-exec"):
        Store(folder, read_only=True)

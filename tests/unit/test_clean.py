"""What `clean` chooses, and that it removes that and nothing else."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from taipy_exec.config.application import AppConfig, DataNodeConfig
from taipy_exec.config.typed_text import Scope
from taipy_exec.data.node import Owner, locate, node_of_file, owners_of
from taipy_exec.errors import StoreError, UsageError
from taipy_exec.model.job import JobRecord, SubmissionRecord
from taipy_exec.model.status import Status
from taipy_exec.operations.cleaning import cleaning
from taipy_exec.operations.cleaning.choice import Choice, Stored, Wanted, choose, wanted_removal
from taipy_exec.operations.cleaning.cleaning import Cleaning
from taipy_exec.operations.cleaning.leftovers import remove
from taipy_exec.operations.cleaning.owner_memory import OwnerMemory
from taipy_exec.store.logs import log_path
from taipy_exec.store.rows import Content, Edit, Instance, Lock
from taipy_exec.store.store import Store
from taipy_exec.views.words import size

NOW = 1_000_000.0
DAY = 86400.0
OLD = Wanted(older_than=10 * DAY)
OLD_WITH_DATA = Wanted(older_than=10 * DAY, data=True)


def instance(id: str, age: float = 30, name: str = "s", cycle: str = "") -> Instance:
    """A scenario instance that was made `age` days ago."""
    return Instance(id=id, scenario="s", name=name, created_at=NOW - age * DAY, cycle=cycle)


def submission(
    id: str, age: float | None, of: str = "a", *, scenario: str = "s", **changes: object
) -> SubmissionRecord:
    """A submission that ended `age` days ago, or has not ended."""
    record = SubmissionRecord(
        id=id, scenario=scenario, instance=of, name="s", created_at=NOW - (age or 0) * DAY - 1
    )
    record.finished_at = None if age is None else NOW - age * DAY
    for key, value in changes.items():
        setattr(record, key, value)
    return record


def chosen(
    wanted: Wanted,
    submissions: list[SubmissionRecord],
    instances: list[Instance],
    edited: dict[str, float] | None = None,
    in_use: frozenset[str] = frozenset(),
) -> Choice:
    submissions = sorted(submissions, key=lambda record: -record.created_at)
    stored = Stored(
        submissions=submissions, instances=instances, edited=edited or {}, in_use=in_use
    )
    return choose(stored, wanted, NOW)


def ids(choice: Choice) -> tuple[list[str], list[str]]:
    return [s.id for s in choice.submissions], [i.id for i in choice.instances]


# -- the choice ---------------------------------------------------------------------------


def test_what_ended_longer_ago_goes() -> None:
    choice = chosen(OLD, [submission("1", 20), submission("2", 11), submission("3", 9)], [])
    assert ids(choice) == (["2", "1"], [])
    assert (choice.kept, choice.unfinished) == (1, 0)


def test_what_has_not_ended_stays_however_old_it_is() -> None:
    waiting = submission("1", None, created_at=NOW - 99 * DAY)
    choice = chosen(Wanted(keep=0), [waiting, submission("2", 5)], [instance("a", 99)])
    assert ids(choice) == (["2"], [])
    assert choice.unfinished == 1


def test_what_may_be_left_on_the_broker_stays() -> None:
    held = submission("1", 20, mode="cluster", coordinator="host:1:token")
    let_go = submission("2", 20, mode="cluster")
    choice = chosen(OLD, [held, let_go], [])
    assert ids(choice) == (["2"], [])
    assert choice.unfinished == 1


def test_the_latest_of_each_scenario_are_kept() -> None:
    records = [
        submission("s1", 5),
        submission("s2", 4),
        submission("s3", 3),
        submission("t1", 40, scenario="t"),
    ]
    assert ids(chosen(Wanted(keep=1), records, []))[0] == ["s2", "s1"]
    assert ids(chosen(Wanted(keep=0), records, []))[0] == ["s3", "s2", "s1", "t1"]


def test_what_runs_does_not_count_among_those_to_keep() -> None:
    records = [submission("1", 5), submission("2", 4), submission("3", None)]
    assert ids(chosen(Wanted(keep=1), records, []))[0] == ["1"]


def test_with_an_age_and_a_number_both_must_allow_it() -> None:
    records = [submission("1", 30), submission("2", 20), submission("3", 5)]
    assert ids(chosen(Wanted(older_than=10 * DAY, keep=2), records, []))[0] == ["1"]
    assert ids(chosen(Wanted(older_than=10 * DAY, keep=0), records, []))[0] == ["2", "1"]


def test_the_instance_that_the_next_submit_takes_stays_without_data() -> None:
    choice = chosen(OLD, [submission("1", 20)], [instance("a")])
    assert ids(choice) == (["1"], [])


def test_the_instance_that_the_next_submit_takes_goes_with_data_by_its_age_only() -> None:
    records, instances = [submission("1", 20)], [instance("a")]
    assert ids(chosen(OLD_WITH_DATA, records, instances)) == (["1"], ["a"])
    assert ids(chosen(Wanted(keep=0, data=True), records, instances)) == (["1"], [])


def test_an_instance_whose_data_was_written_lately_stays() -> None:
    edited = {"a": NOW - DAY}
    choice = chosen(OLD_WITH_DATA, [submission("1", 20)], [instance("a")], edited)
    assert ids(choice) == (["1"], [])


def test_an_instance_that_a_newer_one_replaced_goes_with_its_last_submission() -> None:
    instances = [instance("a", 30), instance("b", 20)]
    records = [submission("1", 25, "a"), submission("2", 1, "b")]
    assert ids(chosen(OLD, records, instances)) == (["1"], ["a"])
    assert ids(chosen(Wanted(keep=1), records, instances)) == (["1"], ["a"])
    assert ids(chosen(Wanted(keep=2), records, instances)) == ([], [])


def test_instances_of_two_names_or_cycles_do_not_replace_each_other() -> None:
    instances = [
        instance("a", 40, name="may"),
        instance("b", 30, name="june"),
        instance("c", 20, name="june", cycle="CYCLE_2"),
    ]
    assert ids(chosen(OLD, [], instances)) == ([], [])
    assert ids(chosen(OLD_WITH_DATA, [], instances)) == ([], ["a", "b", "c"])


def test_an_instance_that_a_living_process_works_on_stays() -> None:
    instances = [instance("a", 30), instance("b", 20)]
    choice = chosen(OLD_WITH_DATA, [submission("1", 25)], instances, in_use=frozenset("a"))
    assert ids(choice) == (["1"], ["b"])


def test_a_nameless_instance_goes_with_its_data_when_its_submission_does() -> None:
    instances, records = [instance("a", 30, name="a")], [submission("1", 25)]
    assert ids(chosen(Wanted(keep=0), records, instances)) == (["1"], [])
    assert ids(chosen(Wanted(keep=0, data=True), records, instances)) == (["1"], ["a"])


def test_an_instance_with_a_tag_stays_whatever_is_asked_for() -> None:
    tagged = replace(instance("a", 99, name="a"), tags=frozenset({"best"}))
    newer = instance("b", 1, name="a")
    records = [submission("1", 25)]
    for wanted in (Wanted(keep=0, data=True), Wanted(older_than=DAY, data=True)):
        assert ids(chosen(wanted, records, [tagged, newer])) == (["1"], [])
        untagged = replace(tagged, tags=frozenset())
        assert ids(chosen(wanted, records, [untagged, newer])) == (["1"], ["a"])


def test_without_an_age_an_instance_just_made_stays() -> None:
    instances = [instance("a", 0, name="a"), instance("b", 1, name="b")]
    assert ids(chosen(Wanted(keep=0, data=True), [], instances)) == ([], ["b"])


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30d", 30 * DAY), ("12h", 43200), ("90m", 5400), ("45s", 45), ("2w", 14 * DAY), ("0d", 0)],
)
def test_an_age_has_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert wanted_removal(text, None, data=False).older_than == seconds


@pytest.mark.parametrize("text", ["30", "d", "-1d", "1 month", "", "1d2h", "infd"])
def test_what_is_no_age_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="a number and a unit"):
        wanted_removal(text, None, data=False)


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (999_960, "1.0 MB"), (3_400_000_000, "3.4 GB")],
)
def test_sizes_are_told_in_three_digits(number: int, text: str) -> None:
    assert size(number) == text


# -- the removal --------------------------------------------------------------------------

MINE = DataNodeConfig(id="mine")
MONTH = DataNodeConfig(id="month", scope=Scope.CYCLE)
ALL = DataNodeConfig(id="all", scope=Scope.GLOBAL)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path / ".taipy-exec")) as opened:
        yield opened


@pytest.fixture
def app(tmp_path: Path) -> AppConfig:
    nodes = {node.id: node for node in (MINE, MONTH, ALL)}
    return AppConfig(root=tmp_path, state_dir=tmp_path / ".taipy-exec", data_nodes=nodes)


def add(
    store: Store,
    app: AppConfig,
    id: str,
    age: float,
    *,
    name: str = "s",
    cycle: str = "",
    coordinator: str | None = None,
) -> list[Path]:
    """An instance that ran `age` days ago, with data and a log; the files of its data nodes."""
    at = time.time() - age * DAY
    store.add_instance(Instance(id=id, scenario="s", name=name, created_at=at, cycle=cycle))
    record = SubmissionRecord(
        id=f"SUBMISSION_{id}",
        scenario="s",
        instance=id,
        name=name,
        created_at=at,
        finished_at=at,
        coordinator=coordinator,
    )
    job = JobRecord(
        id=f"JOB_{id}",
        task="t",
        submission=record.id,
        position=0,
        status=Status.COMPLETED,
        submitted_at=at,
        started_at=at,
        finished_at=at,
        worker="host:1",
    )
    store.add_submission(record, [job])
    log = log_path(store.folder, record.id, job.id)
    log.parent.mkdir(parents=True)
    log.write_text("printed")
    paths = []
    for config in (MINE, MONTH, ALL):
        node = locate(app, config, Owner(instance=id, cycle=cycle))
        assert node.path is not None
        node.write(id)
        os.utime(node.path, (at, at))
        store.add_edits([Edit(node=node.id, at=at, job=job.id)])
        paths.append(node.path)
    return paths


def age(path: Path, days: float = 30) -> None:
    """A file, or all of a folder, as if it had been written so long ago."""
    at = time.time() - days * DAY
    for part in (*path.rglob("*"), path):
        os.utime(part, (at, at), follow_symlinks=False)


def clean(store: Store, app: AppConfig | None, wanted: Wanted) -> cleaning.Done:
    work = Cleaning(store, app, wanted)
    return work.carry_out(work.find())


def test_rows_and_logs_of_old_submissions_go_and_data_stays(store: Store, app: AppConfig) -> None:
    files = add(store, app, "a", 30) + add(store, app, "b", 1)
    done = clean(store, None, OLD)
    assert [s.id for s in done.found.choice.submissions] == ["SUBMISSION_a"]
    assert [s.id for s in store.submissions()] == ["SUBMISSION_b"]
    assert [i.id for i in store.instances()] == ["b"]
    assert store.jobs("SUBMISSION_a") == []
    assert [path.name for path in (store.folder / "logs").iterdir()] == ["SUBMISSION_b"]
    assert all(path.exists() for path in files)


def test_data_goes_with_its_instance_and_shared_data_stays(store: Store, app: AppConfig) -> None:
    (mine, month, shared), others = (
        add(store, app, "a", 30, cycle="CYCLE_1"),
        add(store, app, "b", 1, cycle="CYCLE_1"),
    )
    done = clean(store, app, OLD_WITH_DATA)
    assert done.found.data == (mine,)
    assert not mine.exists()
    assert month.exists()
    assert shared.exists()
    assert all(path.exists() for path in others)


def test_data_of_a_cycle_goes_with_its_last_instance(store: Store, app: AppConfig) -> None:
    mine, month, shared = add(store, app, "a", 30, cycle="CYCLE_1")
    add(store, app, "b", 1, cycle="CYCLE_2")
    clean(store, app, OLD_WITH_DATA)
    assert (mine.exists(), month.exists(), shared.exists()) == (False, False, True)


def test_data_that_an_earlier_clean_left_goes(store: Store, app: AppConfig) -> None:
    mine, *_ = add(store, app, "a", 30)
    part = mine.with_name(f".{mine.name}.123.part")
    part.write_text("half")
    add(store, app, "b", 1)
    clean(store, None, OLD)
    assert mine.exists()
    done = clean(store, app, OLD_WITH_DATA)
    assert set(done.found.data) == {mine, part}
    assert not mine.exists()
    assert not part.exists()
    assert clean(store, app, OLD_WITH_DATA).found.is_empty


@pytest.mark.parametrize("where", ["log", "locks", "data"])
def test_what_a_killed_clean_left_goes_with_the_next(
    store: Store, app: AppConfig, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    class Killed(BaseException):
        pass

    files = add(store, app, "a", 30)
    log = store.folder / "logs" / "SUBMISSION_a"
    for path in (log, *log.iterdir()):
        os.utime(path, (time.time() - 30 * DAY,) * 2)
    add(store, app, "b", 1)
    calls = iter(range(10))

    def die(paths: object) -> dict[Path, str]:
        if next(calls) == ["log", "locks", "data"].index(where):
            raise Killed
        return {}

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(cleaning, "remove", die)
        clean(store, app, OLD_WITH_DATA)
    assert [s.id for s in store.submissions()] == ["SUBMISSION_b"]
    assert files[0].exists()
    done = clean(store, app, OLD_WITH_DATA)
    assert (done.found.logs, done.found.data) == ((log,), (files[0],))
    assert not log.exists()
    assert not files[0].exists()


def test_data_of_others_is_left_alone(store: Store, app: AppConfig) -> None:
    add(store, app, "a", 30)
    folder = app.storage_folder / "pickles"
    taipys = folder / "DATANODE_mine_5f322a8c-3ad0-4c03-83b4-f04859ba3dd0.p"
    of_another_state = locate(app, MINE, Owner(instance="elsewhere")).path
    assert of_another_state is not None
    users = folder / "notes.txt"
    for path in (taipys, of_another_state, users):
        path.write_text("precious")
    done = clean(store, app, OLD_WITH_DATA)
    assert done.found.unknown_data == 1
    assert taipys.exists()
    assert of_another_state.exists()
    assert users.exists()


def test_a_path_of_the_users_own_is_left_alone(store: Store, app: AppConfig) -> None:
    mine, *_ = add(store, app, "a", 30)
    own = DataNodeConfig(id="own", properties={"default_path": str(mine)})
    app = AppConfig(root=app.root, state_dir=app.state_dir, data_nodes={"own": own})
    assert own.path == str(mine)
    done = clean(store, app, OLD_WITH_DATA)
    assert mine not in done.found.data
    assert mine.exists()


def test_a_file_in_a_folder_of_the_users_own_is_left_alone(store: Store, app: AppConfig) -> None:
    mine, *_ = add(store, app, "a", 30)
    for path in ("user_data/pickles", "./user_data/../user_data/pickles/*", str(app.root)):
        own = DataNodeConfig(id="own", storage_type="parquet", properties={"path": path})
        named = AppConfig(root=app.root, state_dir=app.state_dir, data_nodes={"own": own})
        found = Cleaning(store, named, OLD_WITH_DATA).find()
        assert found.data == (), path
    assert mine in Cleaning(store, app, OLD_WITH_DATA).find().data


def test_a_copy_beside_a_generated_file_is_left_alone(store: Store, app: AppConfig) -> None:
    mine, *_ = add(store, app, "a", 30)
    copies = [mine.with_name(f"{mine.name}.bak"), mine.with_suffix(".bak")]
    for copy in copies:
        copy.write_bytes(mine.read_bytes())
        age(copy)
    clean(store, app, OLD_WITH_DATA)
    assert not mine.exists()
    assert all(copy.exists() for copy in copies)


def test_a_file_that_somebody_else_has_changed_is_left_alone(store: Store, app: AppConfig) -> None:
    mine, *_ = add(store, app, "a", 30)
    age(mine, 29)
    done = clean(store, app, OLD_WITH_DATA)
    assert mine.exists()
    assert done.found.changed_data == 1
    assert done.failed == {}
    # Who wrote it is not forgotten: it is known the next time too.
    assert Cleaning(store, app, OLD_WITH_DATA).find().changed_data == 1


def test_a_file_that_is_changed_after_it_was_shown_is_left_alone(
    store: Store, app: AppConfig
) -> None:
    mine, *_ = add(store, app, "a", 30)
    work = Cleaning(store, app, OLD_WITH_DATA)
    found = work.find()
    assert mine in found.data
    age(mine, 0)
    work.carry_out(found)
    assert mine.exists()


def test_another_clean_that_removes_the_same_while_this_one_looks_breaks_nothing(
    store: Store, app: AppConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, *_ = add(store, app, "a", 30)
    work = Cleaning(store, app, OLD_WITH_DATA)
    generated = work._generated

    def meanwhile() -> dict[str, list[Path]]:
        files = generated()
        monkeypatch.setattr(work, "_generated", generated)
        clean(store, app, OLD_WITH_DATA)
        return files

    monkeypatch.setattr(work, "_generated", meanwhile)
    done = work.carry_out(work.find())
    assert (done.failed, done.found.choice.submissions) == ({}, ())
    assert not mine.exists()


def test_data_of_a_cycle_that_gets_an_instance_meanwhile_stays(
    store: Store, app: AppConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    cycle = "CYCLE_MONTHLY_2026-01-01"
    mine, month, _ = add(store, app, "a", 30, cycle=cycle)
    forget = Store.forget_nodes

    def after_a_submit(self: Store, remove: Callable[[], Iterable[str]]) -> None:
        at = time.time()
        self.add_instance(Instance(id="b", scenario="s", name="t", created_at=at, cycle=cycle))
        forget(self, remove)

    monkeypatch.setattr(Store, "forget_nodes", after_a_submit)
    clean(store, app, OLD_WITH_DATA)
    assert not mine.exists()
    assert month.exists()


def test_an_instance_cannot_be_made_while_data_is_removed(
    store: Store, app: AppConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taipy_exec.store.database._BUSY_SECONDS", 0.01)
    add(store, app, "a", 30)
    refused = []

    def removing(paths: Iterable[Path]) -> dict[Path, str]:
        found = list(paths)
        if any(path.suffix == ".p" for path in found):
            with closing(Store(store.folder)) as other, pytest.raises(StoreError, match="locked"):
                other.add_instance(instance("b"))
            refused.append(True)
        return remove(found)

    monkeypatch.setattr(cleaning, "remove", removing)
    clean(store, app, OLD_WITH_DATA)
    assert refused == [True]


def test_data_of_a_storage_type_that_is_no_more_is_left_alone(store: Store, app: AppConfig) -> None:
    mine, *_ = add(store, app, "a", 30)
    elsewhere = app.storage_folder / "texts" / mine.name
    elsewhere.parent.mkdir()
    mine.rename(elsewhere)
    clean(store, app, OLD_WITH_DATA)
    assert elsewhere.exists()


def test_of_a_link_the_target_stays(store: Store, app: AppConfig, tmp_path: Path) -> None:
    mine, *_ = add(store, app, "a", 30)
    target = tmp_path / "target.p"
    mine.rename(target)
    mine.symlink_to(target)
    age(mine)
    clean(store, app, OLD_WITH_DATA)
    assert not mine.is_symlink()
    assert target.exists()


def test_a_folder_that_is_one_value_goes_as_a_whole(store: Store, app: AppConfig) -> None:
    mine, *_ = add(store, app, "a", 30)
    mine.unlink()
    (mine / "deep").mkdir(parents=True)
    (mine / "deep" / "part").write_text("four")
    age(mine)
    done = clean(store, app, OLD_WITH_DATA)
    assert done.failed == {}
    assert not mine.exists()


def test_what_ended_between_showing_and_removing_stays(store: Store, app: AppConfig) -> None:
    add(store, app, "a", 30)
    add(store, app, "b", 20)
    work = Cleaning(store, app, Wanted(keep=0, data=True))
    found = work.find()
    late = SubmissionRecord(
        id="SUBMISSION_late", scenario="s", instance="a", name="s", finished_at=1.0
    )
    store.add_submission(late, [])
    done = work.carry_out(found)
    assert [s.id for s in store.submissions()] == ["SUBMISSION_late"]
    assert "a" in [i.id for i in store.instances()]
    assert done.found.choice.instances == ()
    assert locate(app, MINE, Owner(instance="a")).changed_at() is not None


def test_a_submission_on_an_instance_that_was_removed_is_told_so(
    store: Store, app: AppConfig
) -> None:
    add(store, app, "a", 30)
    add(store, app, "b", 1)
    clean(store, None, OLD)
    late = SubmissionRecord(id="SUBMISSION_late", scenario="s", instance="a", name="s")
    with pytest.raises(StoreError, match="was removed meanwhile") as caught:
        store.add_submission(late, [])
    assert caught.value.hint == "submit again"


def test_an_instance_of_a_living_process_stays(store: Store, app: AppConfig) -> None:
    with closing(store.coordinate()) as identity:
        add(store, app, "a", 30, coordinator=identity.name)
        add(store, app, "b", 1)
        done = clean(store, app, OLD_WITH_DATA)
        assert [s.id for s in done.found.choice.submissions] == ["SUBMISSION_a"]
        assert done.found.choice.instances == ()
    assert [i.id for i in clean(store, app, OLD_WITH_DATA).found.choice.instances] == ["a"]


def test_locks_of_the_dead_go_and_those_that_are_held_or_being_made_stay(store: Store) -> None:
    with closing(store.coordinate()) as identity:
        folder = store.folder / "coordinators"
        for name in ("dead.lock", "old.new", "young.new"):
            (folder / name).touch()
        os.utime(folder / "old.new", (1.0, 1.0))
        # From a process of its own: a lock does not keep out the one that holds it.
        code = (
            "import pathlib, sys, time\n"
            "from taipy_exec.store.store import Store\n"
            "store = Store(pathlib.Path(sys.argv[1]))\n"
            "print(store.is_alive(sys.argv[2]), store.has_coordinators())\n"
            "print(*sorted(path.name for path in store.stale_locks(time.time())))"
        )
        command = [sys.executable, "-c", code, str(store.folder), identity.name]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        assert told == ["True", "True", "dead.lock", "old.new"]
    clean(store, None, OLD)
    assert [path.name for path in folder.iterdir()] == ["young.new"]


def test_a_new_coordinator_removes_the_locks_of_dead_ones(store: Store) -> None:
    folder = store.folder / "coordinators"
    folder.mkdir(exist_ok=True)
    (folder / "dead.lock").touch()
    with closing(store.coordinate()) as identity:
        assert [path.name for path in folder.iterdir()] == [f"{identity.token}.lock"]


def test_logs_of_unknown_submissions_go_once_they_are_old(store: Store) -> None:
    old, young = (store.folder / "logs" / f"SUBMISSION_{name}" for name in ("old", "young"))
    for folder in (old, young):
        folder.mkdir(parents=True)
        (folder / "JOB_1.log").write_text("printed")
    for path in (old / "JOB_1.log", old):
        os.utime(path, (time.time() - 11 * DAY,) * 2)
    clean(store, None, OLD)
    assert not old.exists()
    assert young.exists()
    os.utime(young, (time.time() - 2 * DAY,) * 2)
    assert clean(store, None, Wanted(keep=1)).found.is_empty


def test_digests_of_lost_files_and_locks_that_ran_out_go(store: Store, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.touch()
    paths = [str(there), str(tmp_path / "lost")]
    store.save([], contents=[Content(path, "stamp", "digest") for path in paths])
    store.lock(Lock("n", "me", 1.0), 0.0)
    clean(store, None, OLD)
    assert [path for path in paths if store.content(path)] == [str(there)]
    assert store.locks(["n"], 0.0) == {}


def test_of_what_removed_jobs_wrote_the_latest_is_remembered(store: Store, app: AppConfig) -> None:
    add(store, app, "a", 30)
    node = locate(app, MINE, Owner(instance="a")).id
    store.add_edits([Edit(node=node, at=2.0, job="JOB_a"), Edit(node=node, at=3.0, editor="me")])
    store.add_edits([Edit(node=node, at=4.0, job="JOB_a")])
    clean(store, None, OLD)
    assert [(edit.at, edit.job, edit.editor) for edit in store.edits(node)] == [
        (3.0, None, "me"),
        (4.0, "JOB_a", None),
    ]


def test_a_file_that_cannot_be_removed_is_told_and_tried_again(
    store: Store, app: AppConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, *_ = add(store, app, "a", 30)
    unlink = Path.unlink

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if path == mine:
            raise PermissionError(13, "Permission denied", str(path))
        unlink(path, missing_ok)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refuse)
        assert clean(store, app, OLD_WITH_DATA).failed == {mine: "Permission denied"}
    assert mine.exists()
    assert clean(store, app, OLD_WITH_DATA).failed == {}
    assert not mine.exists()


def fill_database(store: Store) -> None:
    """Several megabytes, of which old edits are most."""
    comment = "x" * 10_000
    store.add_edits(
        Edit(node="n", at=float(i), job="JOB_gone", comment=comment) for i in range(500)
    )


def test_the_database_shrinks_where_that_is_worth_it(store: Store, app: AppConfig) -> None:
    fill_database(store)
    add(store, app, "a", 30)
    done = clean(store, None, OLD)
    assert done.shrunk_by > 4_000_000
    assert done.not_shrunk is None
    assert not store.wastes_room()


def test_the_database_does_not_shrink_beside_what_runs(store: Store, app: AppConfig) -> None:
    fill_database(store)
    add(store, app, "a", 30)
    with closing(store.coordinate()) as identity:
        running = SubmissionRecord(
            id="SUBMISSION_r", scenario="s", instance="a", name="s", coordinator=identity.name
        )
        store.add_submission(running, [])
        assert clean(store, None, OLD).not_shrunk == "a submission is running"
    assert store.wastes_room()
    assert clean(store, None, OLD).shrunk_by > 4_000_000


def test_where_the_store_is_locked_nothing_is_removed(
    store: Store, app: AppConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = add(store, app, "a", 30)
    monkeypatch.setattr("taipy_exec.store.database._BUSY_SECONDS", 0.01)
    with (
        closing(Store(store.folder)) as mine,
        closing(sqlite3.connect(store.path, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="is locked by another process"):
            clean(mine, app, OLD_WITH_DATA)
    assert all(path.exists() for path in files)
    assert (store.folder / "logs" / "SUBMISSION_a").exists()
    assert len(store.submissions()) == 1


# -- whose data it is ---------------------------------------------------------------------


def test_data_nodes_are_known_by_their_owner(app: AppConfig) -> None:
    owner = Owner(instance="a", cycle="c")
    nodes = {locate(app, config, owner).id: config for config in (MINE, MONTH, ALL)}
    found = owners_of(nodes, ["a", "b", "c", ""])
    assert {nodes[id].id: owner for id, owner in found.items()} == {
        "mine": "a",
        "month": "c",
        "all": "",
    }
    assert owners_of(nodes, ["b"]) == {}


def test_generated_files_are_known_by_their_name(app: AppConfig) -> None:
    node = locate(app, MINE, Owner(instance="a"))
    assert node.path is not None
    assert node_of_file(node.path.name, "p") == node.id
    assert node_of_file(f".{node.path.name}.12.part", "p") == node.id  # of a former version
    assert node_of_file(f".{node.path.name}.host-12-0a1b2c3d.part", "p") == node.id
    for name in (
        "DATANODE_mine_5f322a8c-3ad0-4c03-83b4-f04859ba3dd0.p",
        "mine.p",
        f"{node.path.name}.bak",
        f"{node.path.name}.part",
        f".{node.path.name}",
        f"{node.id}.bak",
        f"{node.id}.old.p",
        f"copy of {node.path.name}",
    ):
        assert node_of_file(name, "p") is None, name


def test_owners_are_remembered_as_they_are_worked_out(app: AppConfig) -> None:
    def node(owner: str) -> str:
        return locate(app, MINE, Owner(instance=owner)).id

    memory = OwnerMemory()
    every = {owner: node(owner) for owner in ("a", "b", "c")}
    asked = [
        (["a"], {"a", "b"}),
        (["a", "b", "c"], {"a", "b"}),
        (["b", "c"], {"c"}),
        (["a", "b", "c"], {"b", "c", "d"}),
        (["a", "c"], set()),
    ]
    for wanted, owners in asked:
        nodes = [every[owner] for owner in wanted]
        assert memory.of(nodes, owners) == owners_of(nodes, owners)

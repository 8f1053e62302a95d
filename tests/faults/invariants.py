"""What must hold whatever happens (I1 to I10), seen from outside: by the files and by /proc.

`Observed` is an application that is looked at while the test runs, and checked at its end. I1 and
I3 are each test's own: how long it may take, and what has run how often.
"""

from __future__ import annotations

import fcntl
import json
import pickle
import sqlite3
import subprocess
import threading
import time
import tomllib
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from command_support import Application, Result, wait_until

# A password that nobody may show: of a data node, of the broker's user, and of the messages.
CANARY = "c4n@ry:p/ssw0rd%"
CANARY_NODE = """
[DATA_NODE.guarded]
storage_type = "s3_object"
aws_access_key = "ENV[CANARY]"
aws_secret_access_key = "ENV[CANARY]"
aws_s3_bucket_name = "b"
aws_s3_object_key = "k"
"""
FINAL = {"COMPLETED", "SKIPPED", "FAILED", "CANCELED", "ABANDONED"}
DONE = {"COMPLETED", "SKIPPED"}
# Codes that tell of more than the statuses: timeout, broker, store, interrupted, killed.
_OTHER_CODES = {5, 6, 7, 130, 143}
_JOBS = "SELECT id, submission, task, status, attempt FROM jobs"
_LARGE = 1 << 26
_PAUSE = 0.03
# How long a dead child may stay unreaped.
_ZOMBIE_SECONDS = 3.0


class Observed(Application):
    """An application whose store is read all the time and whose every word is kept."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.temporary = folder.parent / "temporary"
        self.temporary.mkdir()
        self.told: list[tuple[str, str]] = []
        self.results: list[tuple[str, Result]] = []
        self.watch = StoreWatch(folder)
        # What a test does on purpose: damages the store, or has data removed under a job.
        self.store_is_whole = True

    def config(self, text: str) -> None:
        """Write config.toml, with a secret in it."""
        super().config(text + CANARY_NODE)

    def environment(self, extra: Mapping[str, str | None] | None = None) -> dict[str, str]:
        """With the secrets, and a folder of its own for temporary files."""
        own = {"CANARY": CANARY, "TAIPY_EXEC_SECRET": CANARY, "TMPDIR": str(self.temporary)}
        return super().environment({**own, **(extra or {})})

    def run(self, *arguments: str, **options: Any) -> Result:
        return self._heard(" ".join(arguments), super().run(*arguments, **options))

    def shell(self, line: str, **options: Any) -> Result:
        return self._heard(line, super().shell(line, **options))

    def end(self, process: subprocess.Popen[str], timeout: float = 30) -> Result:
        return self._heard(str(process.args), super().end(process, timeout))

    def _heard(self, what: str, result: Result) -> Result:
        self.told.append((what, result.out + result.err))
        self.results.append((what, result))
        return result

    def damage(self) -> None:
        """The test is about to damage the store: from now on only the product may judge it."""
        self.store_is_whole = False
        self.watch.stop()

    # -- at the end -----------------------------------------------------------------------

    def check(self) -> None:
        """Everything that must hold once nothing runs any more."""
        self.watch.stop()
        self.nothing_runs(10)
        rows = self._store_is_sound() if self.store_is_whole else []
        self._commands_agree(rows)
        ended = {row["submission"] for row in rows} - {
            row["submission"] for row in rows if row["status"] not in FINAL
        }
        if rows and len(ended) == len({row["submission"] for row in rows}):
            left = [name for name in self.sources() if name.endswith(".part")]
            assert left == [], f"I6: half-written files are left: {left}"
        assert held_locks(self.folder) == [], "I6: locks are held by nobody's process"
        found = [str(path) for path in self.temporary.rglob("*")]
        assert found == [], f"I6: temporary files are left: {found}"
        self._no_secret()

    def _store_is_sound(self) -> list[dict[str, Any]]:
        database = self.folder / ".taipy-exec" / "state.db"
        if not database.exists():
            return []
        with closing(sqlite3.connect(database)) as connection:
            connection.row_factory = sqlite3.Row
            (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
            assert verdict == "ok", f"I8: {verdict}"
            rows = [dict(row) for row in connection.execute("SELECT * FROM jobs")]
            ended = {
                row["id"]: row["finished_at"]
                for row in connection.execute("SELECT id, finished_at FROM submissions")
            }
        for row in rows:
            is_over = ended[row["submission"]] is not None
            assert not is_over or row["status"] in FINAL, f"I1: its submission has ended: {row}"
        self.watch.is_within_limits(rows)
        return rows

    def _commands_agree(self, rows: list[dict[str, Any]]) -> None:
        stored = {row["id"]: row for row in rows}
        for what, result in self.results:
            shape = _shape(result)
            if shape is None:
                continue
            for job in shape["jobs"]:
                row = stored.get(job["id"])
                if row is not None and job["status"] in FINAL:
                    told = (job["status"], job["attempt"], job["reason"])
                    assert told == (row["status"], row["attempt"], row["reason"]), "I7"
            tells_the_end = any(word in what for word in ("submit", "resume", "retry", "wait"))
            if tells_the_end and result.code >= 0 and result.code not in _OTHER_CODES:
                wanted = code_of(Counter(job["status"] for job in shape["jobs"]))
                assert result.code in wanted, f"I7: exit code {result.code}: {what} {result.out}"

    def _no_secret(self) -> None:
        for word in (CANARY, quote(CANARY, safe="")):
            for what, text in self.told:
                assert word not in text, f"I9: {what} has shown a secret: {text}"
            for path in [*self.folder.rglob("*"), *self.temporary.rglob("*")]:
                if path.is_file() and path.stat().st_size < _LARGE:
                    assert word.encode() not in path.read_bytes(), f"I9: a secret in {path}"


def code_of(counts: Mapping[str, int]) -> set[int]:
    """The exit codes that may go with jobs in these statuses."""
    if counts.get("FAILED"):
        return {1}
    if counts.get("CANCELED"):
        return {4}
    if counts.get("ABANDONED"):
        return {1}
    if set(counts) <= DONE:
        return {0}
    return {0, 3}  # `status` of one that runs, or `submit` where data is waited for


def _shape(result: Result) -> Any:
    """The JSON of a submission, where the command has printed one that tells its end."""
    try:
        found = json.loads(result.out)
    except ValueError:
        return None
    if not isinstance(found, dict) or "jobs" not in found or "submission" not in found:
        return None
    return found if found["submission"].get("finished_at") else None


def held_locks(folder: Path) -> list[str]:
    """The locks in the state folder that some process holds."""
    found = []
    state = folder / ".taipy-exec"
    for path in (*state.glob("coordinators/*.lock"), *state.glob("lock")):
        with path.open("rb") as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                found.append(str(path))
    return found


# -- while it happens ---------------------------------------------------------------------


class StoreWatch:
    """Another reader of the store, which notes what must never be seen there.

    It cannot be read (I8), a job leaves its final status or goes back to an older attempt (I4),
    has more attempts than it may have (I10), or is COMPLETED without its outputs (I2).
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._database = folder / ".taipy-exec" / "state.db"
        self.problems: list[str] = []
        self._known: dict[str, tuple[str, int]] = {}
        self._was_readable = False
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more; AssertionError if something was seen."""
        self._ending.set()
        self._thread.join(30)
        assert self.problems == []

    def _look(self) -> None:
        while not self._ending.is_set():
            begin = time.monotonic()
            if self._database.exists():
                self._read()
            # However many jobs there are, the test is not about this reader.
            self._ending.wait(max(_PAUSE, 10 * (time.monotonic() - begin)))

    def _read(self) -> None:
        try:
            with closing(
                sqlite3.connect(f"{self._database.as_uri()}?mode=rw", uri=True, timeout=5)
            ) as connection:
                connection.row_factory = sqlite3.Row
                rows = [dict(row) for row in connection.execute(_JOBS)]
        except sqlite3.Error as error:
            # Until its tables are made there is nothing to read.
            if self._was_readable:
                self.problems.append(f"I8: {error}")
            return
        self._was_readable = True
        try:
            self._compare(rows)
        except AssertionError as error:
            self.problems.append(str(error))

    def _compare(self, rows: list[dict[str, Any]]) -> None:
        completed = []
        for row in rows:
            status, attempt = self._known.get(row["id"], ("", 0))
            assert status not in FINAL or (status, attempt) == (row["status"], row["attempt"]), (
                f"I4: {row} was {status} at attempt {attempt}"
            )
            assert row["attempt"] >= attempt, f"I4: {row} was at attempt {attempt}"
            if row["status"] == "COMPLETED" and status != "COMPLETED":
                completed.append(row)
            self._known[row["id"]] = (row["status"], row["attempt"])
        self.is_within_limits(rows)
        self._outputs_are_there(completed)

    def is_within_limits(self, rows: list[dict[str, Any]]) -> None:
        """No attempt beyond what `max_attempts` and `retries` allow."""
        config = self._config()
        limit = int(config.get("JOB", {}).get("max_attempts", 3))
        for row in rows:
            retries = int(config.get("TASK", {}).get(row["task"], {}).get("retries", 0))
            assert row["attempt"] <= max(limit, retries + 1), f"I10: {row}"

    def _outputs_are_there(self, completed: list[dict[str, Any]]) -> None:
        if not completed:
            return
        config = self._config()
        tasks, nodes = config.get("TASK", {}), config.get("DATA_NODE", {})
        folder = self._folder / "user_data" / "pickles"
        names = {path.name.rpartition("_")[0] for path in folder.glob("DATANODE_*")}
        for row in completed:
            for output in tasks.get(row["task"], {}).get("outputs", ()):
                node = output.removesuffix(":SECTION")
                if nodes.get(node) == {}:
                    assert f"DATANODE_{node}" in names, f"I2: {row} without {node}"

    def _config(self) -> dict[str, Any]:
        try:
            return tomllib.loads((self._folder / "config.toml").read_text())
        except (OSError, ValueError):
            return {}


class ZombieWatch:
    """Notes children of the application's processes that are dead and stay so."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._since: dict[int, float] = {}

    def look(self) -> None:
        """AssertionError if one has been unreaped for too long."""
        now = time.monotonic()
        ours = set(self._app.processes())
        found = {pid for pid, parent in _zombies() if parent in ours}
        self._since = {pid: self._since.get(pid, now) for pid in found}
        late = [pid for pid, since in self._since.items() if now - since > _ZOMBIE_SECONDS]
        assert late == [], f"I6: nobody reaps {late}"

    def no_zombie(self) -> None:
        """Wait until there is none."""
        wait_until(lambda: (self.look(), not self._since)[1], 2 * _ZOMBIE_SECONDS, "no zombie")


def _zombies() -> list[tuple[int, int]]:
    """Dead processes that were not reaped, with their parents."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] == "Z":
            found.append((int(path.parent.name), int(fields[1])))
    return found


# -- the ledger and the data --------------------------------------------------------------


def graph_of(app: Application) -> dict[str, tuple[list[str], list[str]]]:
    """Task -> (inputs, outputs), from the configuration."""
    config = tomllib.loads((app.folder / "config.toml").read_text())
    return {
        name: tuple(  # type: ignore[misc]
            [word.removesuffix(":SECTION") for word in task.get(key, ())]
            for key in ("inputs", "outputs")
        )
        for name, task in config["TASK"].items()
    }


def ran(app: Application) -> Counter[str]:
    """How often each task began, by a ledger of `begin PID TASK`; each after those before it (I5).

    And no two runs of a task overlap: none comes to its end after the next one has begun.
    """
    graph = graph_of(app)
    makers = {node: task for task, (_, outputs) in graph.items() for node in outputs}
    ended: set[str] = set()
    latest: dict[str, str] = {}
    times: Counter[str] = Counter()
    for line in app.ledger():
        word, pid, task = line.split()[:3]
        if word == "begin":
            times[task] += 1
            before = {makers[node] for node in graph[task][0] if node in makers}
            assert before <= ended, f"I5: {task} began before {before - ended}"
            latest[task] = pid
        elif word == "end":
            assert latest[task] == pid, f"I3: {task} ran twice at once: {line}"
            ended.add(task)
    return times


def data_agree(app: Application, result: Result, **options: Any) -> None:
    """COMPLETED <=> the outputs are there and can be read (I2); followers of a failure (I5)."""
    graph = graph_of(app)
    statuses = result.statuses()
    listed = app.run("data", "list", ".", "--json", **options).json["nodes"]
    written = {node["node"]: node for node in listed}
    makers = {node: task for task, (_, outputs) in graph.items() for node in outputs}
    for task, (inputs, outputs) in graph.items():
        if task not in statuses:
            continue
        status = statuses[task]
        for name in outputs:
            node = written[name]
            assert (node["written_at"] is not None) == (status in DONE), f"I2: {status} {node}"
            if status in DONE and node["storage_type"] == "pickle":
                with Path(app.folder, node["path"]).open("rb") as file:
                    pickle.load(file)
        above = {statuses.get(makers[node]) for node in inputs if node in makers}
        if above & {"FAILED", "ABANDONED"} and not above & {"CANCELED"}:
            assert status == "ABANDONED" or status == "CANCELED", f"I5: {task} is {status}"

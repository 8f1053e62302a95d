"""Find the provenance of a submission. This is slow, so it has its own thread."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from taipy_exec.config.application import AppConfig
from taipy_exec.config.command_line import command_text
from taipy_exec.config.modes import capabilities
from taipy_exec.config.redaction import redaction
from taipy_exec.errors import StoreError
from taipy_exec.model.job import SubmissionRecord
from taipy_exec.model.provenance import COMMAND, PROVENANCE, Provenance
from taipy_exec.store.store import Store
from taipy_exec.version import __version__

_GIT_SECONDS = 10.0
_LAST_SECONDS = 2.0
_NAMED_FILES = 10
_MOST_PACKAGES = 100
# A command that runs the jobs itself may fork, which is safer without other threads.
_BEFORE_OWN_JOBS_SECONDS = 0.02


def with_command(app: AppConfig) -> dict[str, object]:
    """The properties of a new submission that show the command that made it."""
    return {COMMAND: command_text(sys.orig_argv, redaction(app))}


class Circumstances:
    """Finds the provenance once, in a thread, and adds it to each submission of this process."""

    def __init__(self, app: AppConfig, store: Store) -> None:
        self._app = app
        self._store = store
        self._lock = threading.Lock()
        self._waiting: list[SubmissionRecord] = []
        self._found: Provenance | None = None
        self._done = threading.Event()
        thread = threading.Thread(target=self._find, name="taipy-exec-circumstances", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            # No thread can be started. The jobs may still run.
            self._found = Provenance()
            self._done.set()

    def add_to(self, record: SubmissionRecord) -> None:
        """Store the provenance with a submission: now, or as soon as it is found."""
        if PROVENANCE in record.properties:
            return
        if capabilities(self._app.job.mode).in_callers_thread:
            self._done.wait(_BEFORE_OWN_JOBS_SECONDS)
        with self._lock:
            found = self._found
            if found is None:
                self._waiting.append(record)
        if found is not None:
            self._store_with(record, found)

    def close(self) -> None:
        """Wait a little if the provenance is not found yet."""
        self._done.wait(_LAST_SECONDS)

    def _find(self) -> None:
        try:
            found = circumstances(self._app)
        except Exception:
            # A submission without provenance is better than one that fails because of it.
            found = Provenance()
        with self._lock:
            self._found = found
            waiting, self._waiting = self._waiting, []
        for record in waiting:
            self._store_with(record, found)
        self._done.set()

    def _store_with(self, record: SubmissionRecord, found: Provenance) -> None:
        try:
            self._store.add_property(record.id, PROVENANCE, found.as_property())
        except StoreError:
            return
        record.properties = {**record.properties, PROVENANCE: found.as_property()}


def circumstances(app: AppConfig) -> Provenance:
    """The provenance, except for the command."""
    found = Provenance(
        user=_user(),
        host=socket.gethostname(),
        python=".".join(map(str, sys.version_info[:3])),
        taipy_exec=__version__,
        platform=" ".join((os.uname().sysname, os.uname().machine)),
        packages=package_versions(_without_checks(app)),
    )
    return _with_git(found, app.root)


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


# -- packages -----------------------------------------------------------------------------


def _without_checks(app: AppConfig) -> AppConfig:
    """The application with a code check, even if its workers compare no code."""
    return replace(app, job=replace(app.job, check_code="warn"))


def package_versions(app: AppConfig) -> dict[str, str]:
    """The versions of the distributions that the own modules of `app` import."""
    # Both imports are slow, and the process may end before they are needed.
    import importlib.metadata

    from taipy_exec.execution.own_code import OwnCode

    known = {"taipy_exec", *sys.stdlib_module_names}
    names = OwnCode(app).foreign() - known
    found: dict[str, str] = {}
    other = set()
    for name in sorted(names)[:_MOST_PACKAGES]:
        try:
            found[name] = importlib.metadata.version(name)
        except (importlib.metadata.PackageNotFoundError, ValueError):
            other.add(name)
    if other:
        found |= _by_module(other)
    return dict(sorted(found.items()))


def _by_module(names: Iterable[str]) -> dict[str, str]:
    """Distributions whose names differ from their modules, such as scikit-learn with sklearn."""
    import importlib.metadata

    by_module = importlib.metadata.packages_distributions()
    distributions = {one for name in names for one in by_module.get(name, ())}
    return {one: importlib.metadata.version(one) for one in distributions}


# -- git ----------------------------------------------------------------------------------


def _with_git(found: Provenance, folder: Path) -> Provenance:
    if not any((parent / ".git").exists() for parent in (folder, *folder.parents)):
        return found
    told = _git(folder, "status", "--porcelain=v2", "--branch", "-z", "--untracked-files=no")
    if told is None:
        # It may have taken too long. The commit alone is fast.
        head = _git(folder, "rev-parse", "HEAD")
        return replace(found, commit=head.strip() or None) if head else found
    return read_status(found, told)


def read_status(found: Provenance, told: str) -> Provenance:
    """`found` with the output of `git status --porcelain=v2 --branch -z`."""
    heads: dict[str, str] = {}
    changed = []
    entries = iter(told.split("\0"))
    for entry in entries:
        if entry.startswith("# "):
            key, _, value = entry[2:].partition(" ")
            heads[key] = value
        elif entry:
            changed.append(_changed_file(entry, entries))
    commit, branch = heads.get("branch.oid"), heads.get("branch.head")
    return replace(
        found,
        commit=None if commit in (None, "(initial)") else commit,
        branch=None if branch in (None, "(detached)") else branch,
        changes=len(changed),
        changed=tuple(changed[:_NAMED_FILES]),
    )


def _changed_file(entry: str, rest: Iterator[str]) -> str:
    """The path of an entry, which follows 8 fields; 9 if it was renamed, 10 if unmerged."""
    fields = {"2": 9, "u": 10}.get(entry[0], 8)
    if entry[0] == "2":
        next(rest, None)  # the former name
    return entry.split(" ", fields)[-1]


def _git(folder: Path, *arguments: str) -> str | None:
    """The output of git; None if git is missing, fails or does not end in time."""
    # git writes nothing here, and runs nothing from the repository's own settings.
    command = ["git", "-c", "core.fsmonitor=false", "-C", str(folder), *arguments]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_GIT_SECONDS,
            env=environment,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    # The exit code is unknown if SIGCHLD is ignored, or if the user's code waits for any child.
    return done.stdout.decode("utf-8", "backslashreplace") if done.stdout else None

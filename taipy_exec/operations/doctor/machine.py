"""The checks of `doctor` for the machine: processes, limits, memory, temporary files, text."""

from __future__ import annotations

import codecs
import locale
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from taipy_exec.config.user_path import may_access
from taipy_exec.operations.doctor.control_groups import memory_limit, processes_left
from taipy_exec.operations.doctor.diagnosis import Finding, Level
from taipy_exec.views.words import size

_START_SECONDS = 30.0
# The open files of the command itself, and those of each process of a job.
_DESCRIPTORS_AT_LEAST = 64
_DESCRIPTORS_EACH = 8
# A process of a job with the application's libraries; some of them start a thread for each core.
_MEMORY_EACH = 100_000_000


def check_machine(workers: int, own_processes: bool) -> list[Finding]:
    """Whether so many jobs can run at once here; with `own_processes` each in its own process."""
    findings = [_encoding(), _temporary_files(), _home()]
    if not own_processes:
        return findings
    return [
        _start_method(),
        _descriptors(workers),
        _processes(workers),
        _memory(workers),
        *findings,
    ]


def _start_method() -> Finding:
    """Check that a Python process starts, as every process of a job must."""
    name = "start method"
    fix = "use a Python whose interpreter is a file of its own, such as that of a venv"
    try:
        done = subprocess.run(
            [sys.executable, "-c", ""],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_START_SECONDS,
            check=False,
        )
        wrong = f"it ends with {done.returncode}" if done.returncode else ""
    except subprocess.TimeoutExpired:
        wrong = f"it does not end within {_START_SECONDS:g} s"
    except (OSError, ValueError) as error:
        wrong = getattr(error, "strerror", None) or str(error)
    if wrong:
        return Finding(
            name=name,
            message=f"no job can run: {sys.executable or 'Python'} cannot be started ({wrong})",
            level=Level.PROBLEM,
            fix=fix,
        )
    return Finding(name=name, message=f"spawn: each job's process is a new {sys.executable}")


def _descriptors(workers: int) -> Finding:
    name = "descriptors"
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = _DESCRIPTORS_AT_LEAST + _DESCRIPTORS_EACH * workers
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return Finding(name=name, message=f"{_limit(soft)}, enough for {_jobs(workers)} at once")
    fix = f"ulimit -n {needed}"
    if hard != resource.RLIM_INFINITY and hard < needed:
        fix = f"as root: prlimit --nofile={needed}:{needed} --pid $$ (a unit: LimitNOFILE={needed})"
    return Finding(
        name=name,
        message=f"{soft} may be open at once, but {_jobs(workers)} at once need about {needed}",
        level=Level.WARNING,
        fix=fix,
    )


def _processes(workers: int) -> Finding:
    name = "processes"
    left, source = processes_left()
    needed = 2 + workers * (2 + (os.cpu_count() or 1))
    if left is None or left >= needed:
        told = "no limit" if left is None else f"{left} more are allowed"
        return Finding(name=name, message=f"{told}, enough for {_jobs(workers)} at once")
    return Finding(
        name=name,
        message=f"{max(left, 0)} more processes and threads are allowed ({source}), but "
        f"{_jobs(workers)} at once may need about {needed}",
        level=Level.WARNING,
        fix="ulimit -u unlimited, or docker run --pids-limit=-1"
        if source == "ulimit -u"
        else "docker update --pids-limit=-1 CONTAINER (a unit: TasksMax=infinity)",
    )


def _memory(workers: int) -> Finding:
    name = "memory"
    limit = memory_limit()
    if limit is None:
        return Finding(name=name, message="no limit of a container or a unit")
    fits = max(limit // _MEMORY_EACH - 1, 1)
    if workers <= fits:
        text = f"{size(limit)} is the limit of this container or unit, for {_jobs(workers)} at once"
        return Finding(name=name, message=text)
    wanted = f"{(workers + 1) * _MEMORY_EACH // 1_000_000}m"
    return Finding(
        name=name,
        message=f"{size(limit)} is the limit of this container or unit: little for "
        f"{_jobs(workers)} at once, and a process that exceeds it is killed",
        level=Level.WARNING,
        fix=f"--workers {fits} fits; or give it more: docker update --memory={wanted} CONTAINER",
    )


def _temporary_files() -> Finding:
    name = "temporary files"
    fix = "mkdir -m 1777 /tmp, or export TMPDIR=FOLDER"
    try:
        folder = Path(tempfile.gettempdir())
    except OSError:
        text = "there is no writable folder for temporary files"
        return Finding(name=name, message=text, level=Level.WARNING, fix=fix)
    usual = [os.environ.get(key) for key in ("TMPDIR", "TEMP", "TMP")] + ["/tmp", "/var/tmp"]
    if str(folder) in (os.path.abspath(place) for place in usual if place):  # noqa: PTH100
        return Finding(name=name, message=f"they go to {folder}")
    text = f"no usual folder for them is writable: they go to {folder}"
    return Finding(name=name, message=text, level=Level.WARNING, fix=fix)


def _home() -> Finding:
    """taipy-exec stores nothing there, but libraries of the application may do so."""
    home = os.environ.get("HOME", "")
    if home and Path(home).is_dir() and may_access(home, os.W_OK | os.X_OK):
        return Finding(name="HOME", message=f"{home} can be written")
    what = f"{home} is not a writable folder" if home else "it is not set"
    return Finding(
        name="HOME",
        message=f"{what}: libraries that store files there, such as matplotlib, may warn",
        level=Level.WARNING,
        fix='export HOME="$(mktemp -d)"',
    )


def _encoding() -> Finding:
    name = "encoding"
    used = locale.getpreferredencoding(False)
    shown = getattr(sys.stderr, "encoding", None) or used
    if all(_is_utf8(encoding) for encoding in (used, shown, sys.getfilesystemencoding())):
        return Finding(name=name, message="text is UTF-8")
    return Finding(
        name=name,
        message=f"text is {used}, not UTF-8: it may lack characters that jobs print and write",
        level=Level.WARNING,
        fix="export LC_ALL=C.UTF-8, or PYTHONUTF8=1",
    )


def _is_utf8(encoding: str) -> bool:
    try:
        return codecs.lookup(encoding).name == "utf-8"
    except LookupError:
        return False


def _limit(number: int) -> str:
    return "no limit" if number == resource.RLIM_INFINITY else f"{number} may be open at once"


def _jobs(number: int) -> str:
    return "1 job" if number == 1 else f"{number} jobs"

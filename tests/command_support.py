"""Running the installed command on small applications, and looking at it from outside."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forked_commands import ForkServer

COMMAND = [sys.executable, "-m", "taipy_exec"]
MARK = "TAIPY_TEST_MARK"
# Anything of these in the environment of the test run would change what is tested.
_FOREIGN = re.compile(
    r"TAIPY.*|GITHUB_.*|GITLAB_CI|NO_COLOR|FORCE_COLOR|COLUMNS|LINES|TERM|LC_.*|LANG|PYTHONWARNINGS|PYTHONIOENCODING"
    r"|OTEL_.*|TRACEPARENT|.*_PROXY|.*_proxy"
)

# In front of a command: root too is then told no by the permissions of a file (util-linux).
AS_OTHERS = (
    ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
)

# What most applications here are made of. A job appends to the ledger in one write.
FLOW = """\
import os
import time


def note(word):
    file = os.open("ledger", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, (word + "\\n").encode())
    os.close(file)


def wait_for(name, seconds=60):
    end = time.monotonic() + seconds
    while not os.path.exists(name):
        if time.monotonic() > end:
            raise TimeoutError(name)
        time.sleep(0.005)


def work(*inputs):
    return 1


def fail(*inputs):
    raise ValueError("no such luck")


def gated(*inputs):
    note(f"begin {os.getpid()}")
    wait_for("gate")
    note(f"end {os.getpid()}")
    return 1
"""


def wait_until(
    condition: Callable[[], Any], seconds: float = 20.0, what: str = "the condition"
) -> Any:
    """The first true value of `condition`; AssertionError after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"waited {seconds} s in vain for {what}"
        time.sleep(0.01)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a command left: its exit code and its two streams."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one object on stdout; NaN and Infinity are not JSON."""

        def refused(constant: str) -> Any:
            raise AssertionError(f"{constant} is not JSON")

        return json.loads(self.out, parse_constant=refused)

    def statuses(self) -> dict[str, str]:
        """Task -> status, from the JSON of a submission."""
        return {job["task"]: job["status"] for job in self.json["jobs"]}

    def job(self, task: str) -> Any:
        """The JSON of one job."""
        return next(job for job in self.json["jobs"] if job["task"] == task)


def _result(code: int, out: bytes, err: bytes) -> Result:
    return Result(
        code=code,
        out=out.decode("utf-8", "backslashreplace"),
        err=err.decode("utf-8", "backslashreplace"),
    )


def environment_of(mark: str) -> dict[str, str]:
    """This process's environment, without what steers the command, and with the mark."""
    env = {key: value for key, value in os.environ.items() if not _FOREIGN.fullmatch(key)}
    return {**env, MARK: mark, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}


SERVER = ForkServer(MARK, environment_of)


def run_command(
    *arguments: str, folder: Path, environment: Mapping[str, str], timeout: float = 60
) -> Result:
    """Run the command to its end in a process of its own."""
    if SERVER.takes(environment):
        found = SERVER.run(arguments, folder=folder, environment=environment, timeout=timeout)
        return _result(*found)
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=timeout,
        check=False,
    )
    return _result(done.returncode, done.stdout, done.stderr)


class Application:
    """A folder with config.toml and flow.py, and the command run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mark = uuid.uuid4().hex
        self._running: list[subprocess.Popen[str]] = []
        folder.mkdir(parents=True)
        self.module("flow", FLOW)

    def module(self, name: str, text: str) -> None:
        """Write a Python module; functions of `flow` are at hand in it."""
        start = "" if name == "flow" else "from flow import *\n"
        (self.folder / f"{name}.py").write_text(start + text, encoding="utf-8")

    def config(self, text: str) -> None:
        """Write config.toml as it is."""
        (self.folder / "config.toml").write_text(text, encoding="utf-8")

    def graph(
        self,
        tasks: Mapping[str, tuple[str, Sequence[str], Sequence[str]]],
        *,
        mode: str = "standalone",
        workers: int = 2,
        data: Mapping[str, object] | None = None,
        job: str = "",
        skippable: bool = False,
        scenario: str = "s",
    ) -> None:
        """Write config.toml for tasks given as name -> (function, inputs, outputs)."""
        self.config(
            graph_toml(
                tasks,
                mode=mode,
                workers=workers,
                data=data,
                job=job,
                skippable=skippable,
                scenario=scenario,
            )
        )

    def one(self, body: str, *, mode: str = "standalone", job: str = "") -> None:
        """An application whose task `bad` runs `body`, beside `good` and with `after` behind."""
        self.module("jobs", f"def bad():\n{indent(body)}\n")
        self.graph(
            {
                "bad": ("jobs.bad", [], ["b"]),
                "after": ("flow.work", ["b"], ["c"]),
                "good": ("flow.work", [], ["d"]),
            },
            mode=mode,
            job=job,
        )

    def environment(self, extra: Mapping[str, str | None] | None = None) -> dict[str, str]:
        """The environment of a command: this one's, without what steers the command."""
        env = environment_of(self.mark)
        for key, value in (extra or {}).items():
            if value is None:
                env.pop(key, None)
            else:
                env[key] = value
        return env

    def run(
        self,
        *arguments: str,
        env: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
        timeout: float = 60,
    ) -> Result:
        """Run the command to its end."""
        return run_command(
            *arguments,
            folder=cwd or self.folder,
            environment=self.environment(env),
            timeout=timeout,
        )

    def shell(
        self, line: str, *, env: Mapping[str, str | None] | None = None, timeout: float = 60
    ) -> Result:
        """Run a line of bash in which `$T` is the command; its last exit code counts."""
        script = f"set -o pipefail; T='{' '.join(COMMAND)}'; {line}"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environment(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
        return _result(done.returncode, done.stdout, done.stderr)

    def start(
        self,
        *arguments: str,
        env: Mapping[str, str | None] | None = None,
        command: Sequence[str] = COMMAND,
        cwd: Path | None = None,
    ) -> subprocess.Popen[str]:
        """Start the command in a process group of its own, as a shell does."""
        process = subprocess.Popen(
            [*command, *arguments],
            cwd=cwd or self.folder,
            env=self.environment(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="backslashreplace",
            start_new_session=True,
        )
        self._running.append(process)
        return process

    def end(self, process: subprocess.Popen[str], timeout: float = 30) -> Result:
        """Wait for a started command."""
        out, err = process.communicate(timeout=timeout)
        return Result(code=process.returncode, out=out, err=err)

    # -- what can be seen from outside ----------------------------------------------------

    def exists(self, name: str) -> bool:
        """Whether a file is there in the folder."""
        return (self.folder / name).exists()

    def open_gate(self) -> None:
        """Let the jobs that wait in `flow.gated` go on."""
        (self.folder / "gate").touch()

    def release(self) -> None:
        """Open the gate and close what a failed test left."""
        if self._running:
            self.open_gate()
        for process in self._running:
            if process.poll() is None:
                process.kill()
            process.wait(10)
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()

    def ledger(self) -> list[str]:
        """The lines that jobs have noted."""
        path = self.folder / "ledger"
        return path.read_text().splitlines() if path.exists() else []

    def begun(self, number: int = 1) -> list[int]:
        """Wait until so many jobs of `flow.gated` run; their process ids."""

        def pids() -> list[int]:
            return [int(line.split()[1]) for line in self.ledger() if line.startswith("begin")]

        wait_until(lambda: len(pids()) >= number, 20, f"{number} jobs to begin")
        return pids()

    def processes(self) -> list[int]:
        """Every live process of this application, wherever it may have gone."""
        wanted = f"{MARK}={self.mark}".encode()
        found = []
        for environ in Path("/proc").glob("[0-9]*/environ"):
            try:
                if wanted in environ.read_bytes().split(b"\0"):
                    found.append(int(environ.parent.name))
            except OSError:
                continue
        return found

    def nothing_runs(self, seconds: float = 5.0) -> None:
        """No process of the application is left, within a bound."""

        def told() -> str:
            return ", ".join(f"{pid}: {command_line(pid)}" for pid in self.processes())

        end = time.monotonic() + seconds
        while self.processes():
            assert time.monotonic() < end, f"still running: {told()}"
            time.sleep(0.02)

    def kill_everything(self) -> None:
        """SIGKILL to every process of the application, at once."""
        for pid in self.processes():
            kill(pid, signal.SIGKILL)

    def only_submission(self) -> str:
        """The id of the one submission there is."""
        (found,) = self.run("status", "--json").json["submissions"]
        return str(found["id"])

    def status(self, submission: str) -> Result:
        """`status SUBMISSION --json`."""
        return self.run("status", submission, "--json")

    def sources(self) -> set[str]:
        """Every file of the folder but the state: to see that nothing was left or made."""
        return {
            str(path.relative_to(self.folder))
            for path in self.folder.rglob("*")
            if path.is_file() and ".taipy-exec" not in path.parts
        }


def kill(pid: int, number: int) -> None:
    """Send a signal to a process that may be gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def command_line(pid: int) -> str:
    """What a process is, for messages."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()[:200]
    except OSError:
        return "gone"


def indent(text: str) -> str:
    """`text` as the body of a function."""
    return "\n".join(f"    {line}" for line in text.strip("\n").splitlines())


def graph_toml(
    tasks: Mapping[str, tuple[str, Sequence[str], Sequence[str]]],
    *,
    mode: str = "standalone",
    workers: int = 2,
    data: Mapping[str, object] | None = None,
    job: str = "",
    skippable: bool = False,
    scenario: str = "s",
) -> str:
    """A configuration whose data nodes are those that the tasks name, and those of `data`."""
    data = data or {}
    names: Iterable[str] = dict.fromkeys(
        name for _, inputs, outputs in tasks.values() for name in (*inputs, *outputs)
    )
    parts = [f'[JOB]\nmode = "{mode}"\nmax_nb_of_workers = {workers}\n{job}']
    for name in dict.fromkeys((*names, *data)):
        value = f"default_data = {json.dumps(data[name])}\n" if name in data else ""
        parts.append(f"[DATA_NODE.{name}]\n{value}")
    for name, (function, inputs, outputs) in tasks.items():
        parts.append(
            f"[TASK.{name}]\n"
            f'function = "{function}:function"\n'
            f"inputs = {_sections(inputs)}\noutputs = {_sections(outputs)}\n"
            f"skippable = {json.dumps(skippable)}\n"
        )
    parts.append(f"[SCENARIO.{scenario}]\ntasks = {_sections(tasks)}\n")
    return "\n".join(parts)


def _sections(names: Iterable[str]) -> str:
    return json.dumps([f"{name}:SECTION" for name in names])


# -- terminals ----------------------------------------------------------------------------

CURSOR = re.compile(r"\x1b\[(?:\?25[lh]|\d*[ABCDGHJKfST]|\d+;\d+[Hf]|2K)|\x1b[78]")
COLOR = re.compile(r"\x1b\[[\d;]*m")


class Terminal:
    """A command on a pseudo-terminal of its own, which is its controlling one."""

    def __init__(
        self,
        app: Application,
        *arguments: str,
        columns: int = 100,
        rows: int = 40,
        env: Mapping[str, str | None] | None = None,
    ) -> None:
        environment = app.environment({"TERM": "xterm-256color", **(env or {})})
        self.columns, self.rows = columns, rows
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            try:
                os.chdir(app.folder)
                os.execve(COMMAND[0], [*COMMAND, *arguments], environment)
            finally:
                os._exit(127)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._raw = b""
        self.code: int | None = None

    @property
    def text(self) -> str:
        """All that was written so far."""
        return self._raw.decode("utf-8", "replace")

    def type(self, text: str) -> None:
        """Keys that a user presses."""
        os.write(self._fd, text.encode())

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._fd], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self._fd, 1 << 16)
        except OSError:
            return False
        self._raw += data
        return bool(data)

    def read_until(self, text: str, seconds: float = 30) -> None:
        """Take what comes until `text` has been written."""
        end = time.monotonic() + seconds
        while text not in self.text:
            assert time.monotonic() < end, f"no {text!r} in {self.text[-2000:]!r}"
            assert self._read(0.1), f"ended without {text!r}: {self.text[-2000:]!r}"

    def read_more(self, seen: int, frames: int, seconds: float = 30) -> None:
        """Take what comes until so many more frames are drawn behind the first `seen` letters."""
        end = time.monotonic() + seconds
        while self.text.count("\x1b[1A", seen) < frames:
            assert time.monotonic() < end, f"no new frame in {self.text[seen:]!r}"
            assert self._read(0.1), f"ended: {self.text[-2000:]!r}"

    def screen_with(self, pattern: str, seconds: float = 30) -> str:
        """The screen, once it holds a match of `pattern`: a frame is not written at once."""
        end = time.monotonic() + seconds
        while not re.search(pattern, shown := "\n".join(self.screen()), re.MULTILINE):
            assert time.monotonic() < end, f"no {pattern!r} in {shown!r}"
            assert self._read(0.1), f"ended without {pattern!r}: {shown!r}"
        return shown

    def finish(self, seconds: float = 60) -> int:
        """Take everything until the command ends; its exit code."""
        end = time.monotonic() + seconds
        while self._read(0.1):
            assert time.monotonic() < end, f"does not end: {self.text[-2000:]!r}"
        _, status = os.waitpid(self.pid, 0)
        os.close(self._fd)
        self.code = os.waitstatus_to_exitcode(status)
        return self.code

    def close(self) -> None:
        """Close the terminal as a window is closed, and wait for the command to end."""
        os.close(self._fd)
        os.waitpid(self.pid, 0)

    def resize(self, columns: int, rows: int) -> None:
        """Change its size, as dragging a window's corner does."""
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def plain(self) -> str:
        """What was written, without codes."""
        return COLOR.sub("", CURSOR.sub("", self.text))

    def screen(self) -> list[str]:
        """The lines as they stand at the end, the scrolled ones first."""
        return Screen(self.columns, self.rows).feed(self.text)


class Screen:
    """As much of a terminal as the live table uses: text, colours, moves and erasing."""

    _CODE = re.compile(r"\x1b\[(\??[\d;]*)([A-Za-z])|\x1b[()][A-Z0-9]|\x1b[78=>]")

    def __init__(self, columns: int, rows: int) -> None:
        self._columns, self._rows = columns, rows
        self._lines: list[list[str]] = [[]]
        self._row = self._column = 0
        self.overflow = 0

    def feed(self, text: str) -> list[str]:
        at = 0
        while at < len(text):
            code = self._CODE.match(text, at)
            if code:
                at = code.end()
                self._obey(code[1] or "", code[2] or "")
                continue
            self._put(text[at])
            at += 1
        return ["".join(line).rstrip() for line in self._lines]

    def _put(self, char: str) -> None:
        if char == "\r":
            self._column = 0
        elif char == "\n":
            self._row += 1
            while len(self._lines) <= self._row:
                self._lines.append([])
        elif char >= " ":
            if self._column >= self._columns:
                self.overflow += 1
                self._put("\n")
                self._column = 0
            line = self._lines[self._row]
            line.extend(" " * (self._column + 1 - len(line)))
            line[self._column] = char
            self._column += 1

    def _obey(self, numbers: str, letter: str) -> None:
        number = int(numbers) if numbers.isdigit() else 1
        top = max(len(self._lines) - self._rows, 0)
        if letter == "A":
            self._row = max(self._row - number, top)
        elif letter == "K":
            self._lines[self._row] = []
        elif letter == "J":
            del self._lines[self._row :]
            self._lines.append([])

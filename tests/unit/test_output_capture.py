"""What a job of this process prints: all of it in its log, and shown where it would have gone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

START = """
import os, subprocess, sys, threading, time
from pathlib import Path
from taipy_exec.execution.capture import JobLog, appending
from taipy_exec.execution.output_capture import OutputCapture, release_output

capture = OutputCapture(echo=ECHO)

def job(name, body, limit=10_000_000):
    log = JobLog(lambda: appending(Path(name)), limit)
    capture.start(log)
    try:
        body()
    finally:
        capture.stop()
        log.close()

"""


class Run:
    """A script with captured jobs: its two streams, and the logs."""

    def __init__(self, folder: Path, text: str, *, echo: bool = True, **env: str) -> None:
        self.folder = folder
        done = subprocess.run(
            [sys.executable, "-c", START.replace("ECHO", str(echo)) + text],
            cwd=folder,
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path), **env},
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        self.out, self.err = done.stdout, done.stderr

    def log(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()


EVERYTHING = """
handler = sys.stdout
def prints():
    print("by print")
    handler.write("by a stream that was kept\\n")
    handler.flush()
    sys.__stdout__.write("by python's own\\n")
    sys.__stdout__.flush()
    os.write(1, b"by number\\n")
    subprocess.run(["echo", "by a command"])
    pid = os.fork()
    if pid == 0:
        print("by a child", flush=True)
        os._exit(0)
    os.waitpid(pid, 0)
    print("naïve \\udce9", file=sys.stderr)
job("a", prints)
print("between")
job("b", lambda: print("of b"))
"""


def test_everything_is_in_the_log_and_goes_on(tmp_path: Path) -> None:
    run = Run(tmp_path, EVERYTHING)
    wanted = {
        *(b"by print", b"by a stream that was kept", b"by python's own"),
        *(b"by number", b"by a command", b"by a child"),
    }
    error = "naïve \\udce9".encode()
    assert set(run.log("a").splitlines()) == {*wanted, error}
    assert run.log("b") == b"of b\n"
    assert set(run.out.splitlines()) == {*wanted, b"between", b"of b"}
    assert run.err == error + b"\n"


def test_without_echo_only_the_log_has_it(tmp_path: Path) -> None:
    run = Run(tmp_path, EVERYTHING, echo=False)
    assert b"by a command" in run.log("a")
    assert (run.out, run.err) == (b"between\n", b"")


def test_much_output_is_whole(tmp_path: Path) -> None:
    run = Run(tmp_path, "job('a', lambda: print('x' * 3_000_000))")
    assert len(run.log("a")) == len(run.out) == 3_000_001


def test_a_debugger_gets_the_rest(tmp_path: Path) -> None:
    run = Run(
        tmp_path, "def f():\n  print('before')\n  release_output()\n  print('after')\njob('a', f)"
    )
    assert run.log("a") == b"before\n"
    assert run.out == b"before\nafter\n"


def test_what_a_job_does_to_its_streams_is_over_with_it(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        """
def detaches():
    sys.stdout.detach()
def closes():
    print("first")
    sys.stdout.close()
def configures():
    sys.stdout.reconfigure(encoding="ascii", errors="strict")
former = sys.stdout
for number, body in enumerate((detaches, closes, configures)):
    job(f"a{number}", body)
    assert sys.stdout is former
    job(f"b{number}", lambda: print("ü"))
""",
    )
    assert [run.log(f"b{number}").decode() for number in range(3)] == ["ü\n"] * 3


@pytest.mark.parametrize("number", [1, 2])
def test_a_closed_descriptor_does_no_harm(tmp_path: Path, number: int) -> None:
    run = Run(
        tmp_path,
        f"os.close({number})\njob('a', lambda: (print('x'), print('y', file=sys.stderr)))\n"
        f"try:\n  os.fstat({number})\nexcept OSError:\n  pass\nelse:\n  raise AssertionError\n"
        f"os.open('/dev/null', os.O_WRONLY)",
    )
    assert sorted(run.log("a").split()) == [b"x", b"y"]


def test_a_terminal_of_another_encoding_is_no_error(tmp_path: Path) -> None:
    run = Run(tmp_path, "job('a', lambda: print('ü'))", PYTHONIOENCODING="ascii")
    assert run.log("a").decode() == "ü\n"
    assert run.out == b"\\xfc\n"


def test_what_is_left_behind_prints_past_the_logs(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        """
def leaves():
    global child
    child = subprocess.Popen(["sh", "-c", "read go; echo late"], stdin=subprocess.PIPE)
job("a", leaves)
child.stdin.close()
child.wait()
job("b", lambda: time.sleep(0.2))
""",
    )
    assert not (tmp_path / "a").exists()
    assert not (tmp_path / "b").exists()
    assert run.out == b"late\n"


def test_records_stand_behind_what_was_printed_before_them(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        """
def mixes():
    for number in range(500):
        print("p", number)
        capture.write(b"r %d\\n" % number)
    pid = os.fork()
    if pid == 0:
        capture.write(b"of a child\\n")
        os._exit(0)
    os.waitpid(pid, 0)
job("a", mixes)
""",
    )
    wanted = [line for n in range(500) for line in (f"p {n}", f"r {n}")]
    assert run.log("a").decode().splitlines() == [*wanted, "of a child"]


WRAPPERS = {
    "unbuffered": """
class Unbuffered:
    def __init__(self, stream): self.stream = stream
    def write(self, text): self.stream.write(text); self.stream.flush()
    def __getattr__(self, name): return getattr(self.stream, name)
sys.stdout = Unbuffered(sys.stdout)
""",
    "codecs": "import codecs\nsys.stdout = codecs.getwriter('utf-8')(sys.stdout.buffer)\n",
    "both": """
class Both:
    def write(self, text): sys.__stdout__.write(text)
    def flush(self): sys.__stdout__.flush()
sys.stdout = Both()
""",
    "to stderr": """
class Both:
    def write(self, text): sys.__stdout__.write(text); sys.__stderr__.write("too\\n")
    def flush(self): sys.__stdout__.flush()
sys.stdout = Both()
""",
}


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_a_stream_of_the_programs_own_has_each_line_once(tmp_path: Path, wrapper: str) -> None:
    run = Run(tmp_path, WRAPPERS[wrapper] + "job('a', lambda: (print('hello'), time.sleep(0.3)))")
    assert run.log("a") == b"hello\n"
    assert run.out == b"hello\n"


def test_a_buffer_in_the_place_of_stdout_gets_stdout_alone(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        """
import contextlib, io
os.dup2(2, 1)
held = io.StringIO()
with contextlib.redirect_stdout(held):
    job("a", lambda: (print("out"), print("err", file=sys.stderr), os.write(1, b"number\\n")))
assert held.getvalue() == "out\\n", held.getvalue()
""",
    )
    assert set(run.log("a").split()) == {b"out", b"err", b"number"}
    assert set(run.err.split()) == {b"err", b"number"}


def test_a_signal_handler_may_log_too(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        """
import signal
def logs():
    signal.signal(signal.SIGALRM, lambda *_: capture.write(b"by the handler\\n"))
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    end = time.monotonic() + 0.5
    while time.monotonic() < end:
        capture.write(b"by the job\\n")
    signal.setitimer(signal.ITIMER_REAL, 0)
job("a", logs)
""",
    )
    assert set(run.log("a").splitlines()) == {b"by the job", b"by the handler"}

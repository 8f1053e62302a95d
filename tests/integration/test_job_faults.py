"""Whatever a job does to its process: it fails alone, the others complete, nothing is left."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from command_support import Application, Result, wait_until

# What the job does -> reason, and a word that the message must have.
ENDS = {
    "os._exit": ("import os\nos._exit(9)", "process_died", "exit code 9"),
    "os._exit(0)": ("import os\nos._exit(0)", "process_died", "exit code 0"),
    "SIGKILL": ("import os\nos.kill(os.getpid(), 9)", "process_died", "SIGKILL"),
    "abort": ("import os\nos.abort()", "process_died", "SIGABRT"),
    "segfault": ("import ctypes\nctypes.string_at(0)", "process_died", "SIGSEGV"),
    "sys.exit": ("import sys\nsys.exit(2)", "raised", "2"),
    "KeyboardInterrupt": ("raise KeyboardInterrupt", "raised", "KeyboardInterrupt"),
    "BaseException": ("raise BaseException('odd')", "raised", "odd"),
    "str raises": (
        "class Odd(Exception):\n    def __str__(self):\n        raise RuntimeError('no')\n"
        "raise Odd()",
        "raised",
        "text is not available",
    ),
    "unpicklable exception": (
        "class Held(Exception):\n    def __init__(self):\n        super().__init__('held')\n"
        "        self.lock = __import__('threading').Lock()\nraise Held()",
        "raised",
        "held",
    ),
    "exception group": (
        "raise ExceptionGroup('several', [ValueError(1), TypeError(2)])",
        "raised",
        "several",
    ),
    "huge message": ("raise ValueError('x' * 10_000_000)", "raised", "xxx"),
    "surrogates in the message": ("raise ValueError('\\udcff')", "raised", ""),
    "recursion": ("def f(): return f()\nreturn f()", "raised", "recursion"),
    "deep data": (
        "x = []\nfor _ in range(100_000): x = [x]\nreturn x",
        ("write_output", "process_died"),
        "",
    ),
    "generator": ("return (n for n in range(3))", "write_output", "generator"),
    "lock": ("import threading\nreturn threading.Lock()", "write_output", "lock"),
    "lambda": ("return lambda: 1", "write_output", "lambda"),
    "MemoryError": (
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (1 << 29, 1 << 29))\n"
        "return len(b'x' * (1 << 31))",
        "raised",
        "MemoryError",
    ),
}


def submit(app: Application, *arguments: str, timeout: float = 40) -> Result:
    """Submit; the fault of `bad` must have cost nobody else anything."""
    result = app.run("submit", "--json", *arguments, timeout=timeout)
    assert "taipy_exec/" not in result.err
    app.nothing_runs()
    return result


def failed_alone(result: Result) -> dict[str, str]:
    """The error of `bad`, while the rest did what it should."""
    assert result.code == 1
    assert result.statuses() == {"bad": "FAILED", "after": "ABANDONED", "good": "COMPLETED"}
    assert result.json["submission"]["status"] == "FAILED"
    return dict(result.job("bad")["error"])


@pytest.mark.parametrize("name", ENDS)
def test_a_job_that_ends_badly_fails_alone(app: Application, name: str) -> None:
    body, kind, word = ENDS[name]
    app.one(body)
    begin = time.monotonic()
    error = failed_alone(submit(app))
    assert time.monotonic() - begin < 15
    assert error["kind"] in ((kind,) if isinstance(kind, str) else kind)
    assert word in error["message"] or error["type"] == word
    assert len(error["message"]) <= 10_100


DEVELOPMENT = ("sys.exit", "BaseException", "str raises", "unpicklable exception", "generator")


@pytest.mark.parametrize("name", [*DEVELOPMENT, "KeyboardInterrupt", "surrogates in the message"])
def test_a_job_that_ends_badly_fails_alone_in_development_mode_too(
    app: Application, name: str
) -> None:
    body, kind, word = ENDS[name]
    app.one(body, mode="development")
    result = submit(app)
    if name == "KeyboardInterrupt":
        assert result.code in (1, 130)
        return
    error = failed_alone(result)
    assert error["kind"] == kind
    assert word in error["message"]


def test_a_dead_process_is_named_with_its_peak_memory_within_a_second(app: Application) -> None:
    app.one("x = bytearray(200_000_000)\nimport os\nos.kill(os.getpid(), 9)")
    result = submit(app)
    error = failed_alone(result)
    assert app.status(result.json["submission"]["id"]).json == result.json
    assert "peak memory" in error["message"]
    assert "out of memory" in error["message"]
    megabytes = int(error["message"].split("peak memory ")[1].split(" MiB")[0])
    assert 190 < megabytes < 400


def test_many_jobs_that_kill_their_process_do_not_stop_the_others(app: Application) -> None:
    app.module("jobs", "import os\ndef die(*inputs):\n    os.kill(os.getpid(), 9)\n")
    tasks = {f"bad{n}": ("jobs.die", [], [f"b{n}"]) for n in range(6)}
    tasks |= {f"good{n}": ("flow.work", [], [f"g{n}"]) for n in range(6)}
    app.graph(tasks)
    statuses = submit(app).statuses()
    assert {s for task, s in statuses.items() if task.startswith("bad")} == {"FAILED"}
    assert {s for task, s in statuses.items() if task.startswith("good")} == {"COMPLETED"}


GRANDCHILD = "import subprocess, sys\nsubprocess.Popen(['sleep', '1000'])\nreturn 1"
DETACHED = """
import os
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execvp("sleep", ["sleep", "1000"])
    os._exit(0)
os.wait()
return 1
"""
DETACHED_WITHOUT_MARK = DETACHED.replace(
    'os.execvp("sleep", ["sleep", "1000"])',
    'os.execve("/bin/sh", ["sh", "-c", "exec sleep 1000"], {"PATH": os.environ["PATH"]})',
)


@pytest.mark.one_variant
@pytest.mark.parametrize("body", [GRANDCHILD, DETACHED], ids=["plain", "double-forked"])
def test_a_process_that_a_job_leaves_behind_is_stopped_and_told(
    app: Application, body: str
) -> None:
    app.one(body)
    result = submit(app)
    assert set(result.statuses().values()) == {"COMPLETED"}
    log = app.run("logs", result.job("bad")["id"]).out
    assert "left running" in log


def test_a_detached_process_without_our_mark_is_stopped_too(app: Application) -> None:
    app.one(DETACHED_WITHOUT_MARK + "\n")
    result = submit(app)
    assert result.statuses()["good"] == "COMPLETED"
    wait_until(lambda: not sleeping_in(app.folder), 5, "the child to end")


def sleeping_in(folder: Path) -> list[str]:
    """The processes whose working folder this is: how a child is found that has no mark of ours."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == folder:
                found.append(process.name)
        except OSError:
            continue
    return found


@pytest.mark.one_variant
@pytest.mark.parametrize("body", [GRANDCHILD, DETACHED], ids=["plain", "double-forked"])
def test_what_a_dying_job_leaves_behind_is_stopped(app: Application, body: str) -> None:
    app.one(
        body.replace("return 1", "os._exit(9)").replace(
            "import subprocess", "import os, subprocess"
        )
    )
    failed_alone(submit(app))


def test_a_grandchild_that_holds_the_output_open_does_not_hold_up_the_end(
    app: Application,
) -> None:
    app.one("import os\nif os.fork() == 0:\n    import time\n    time.sleep(1000)\nreturn 1")
    begin = time.monotonic()
    assert set(submit(app).statuses().values()) == {"COMPLETED"}
    assert time.monotonic() - begin < 15


SPOILS = {
    "closes its descriptors": "os.closerange(0, 3)",
    "closes both": "sys.stdout.close(); sys.stderr.close(); os.closerange(0, 3)",
    "closes its streams": "sys.stdout.close(); sys.stderr.close(); sys.stdin.close()",
    "changes the folder": "os.mkdir('elsewhere'); os.chdir('elsewhere')",
    "removes its folder": "os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')",
    "changes the environment": "os.environ['SPOILT'] = '1'; os.environ.pop('HOME', None)",
    "clears the environment": "os.environ.clear()",
    "changes the umask": "os.umask(0o777)",
    "changes the signal handlers": (
        "[signal.signal(n, signal.SIG_IGN) for n in (1, 2, 14, 15)]; signal.alarm(1)"
    ),
    "changes the streams": "sys.stdout = sys.stderr = open('elsewhere.txt', 'w')",
    "changes the path": "sys.path.clear(); sys.argv.clear()",
    "leaves a thread": "threading.Thread(target=time.sleep, args=(1000,)).start()",
    "leaves an exit handler": "atexit.register(os._exit, 7)",
    "changes the hooks": "sys.excepthook = None; sys.setrecursionlimit(100)",
    "blocks signals": "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65)); signal.alarm(1)",
    "lowers its limits": "resource.setrlimit(resource.RLIMIT_NOFILE, (20, LIMITS[1]))",
}


@pytest.mark.parametrize("name", SPOILS)
def test_what_a_job_does_to_its_process_does_not_reach_the_next_job(
    app: Application, name: str
) -> None:
    app.module(
        "jobs",
        "import atexit, os, resource, signal, sys, threading, time\n"
        "LIMITS = resource.getrlimit(resource.RLIMIT_NOFILE)\n"
        f"def spoil():\n    {SPOILS[name]}\n    return 1\n"
        "def look(x):\n"
        "    print('still heard')\n"
        "    os.write(2, b'and here\\n')\n"
        "    mask = os.umask(0)\n    os.umask(mask)\n"
        "    state = [os.getcwd(), mask, 'SPOILT' in os.environ, 'HOME' in os.environ]\n"
        "    state += [len(signal.pthread_sigmask(signal.SIG_BLOCK, ()))]\n"
        "    state += [resource.getrlimit(resource.RLIMIT_NOFILE) == LIMITS]\n"
        "    open('looked', 'w').write(repr(state))\n",
    )
    app.graph({"spoil": ("jobs.spoil", [], ["a"]), "look": ("jobs.look", ["a"], ["b"])}, workers=1)
    result = submit(app)
    assert set(result.statuses().values()) == {"COMPLETED"}
    looked = (app.folder / "looked").read_text()
    assert looked == repr([str(app.folder), 0o022, False, True, 0, True])
    (log,) = (app.folder / ".taipy-exec" / "logs").rglob("JOB_look_*.log")
    assert log.read_text() == "still heard\nand here\n"


def test_a_process_in_which_a_thread_goes_on_takes_no_other_job(app: Application) -> None:
    app.module(
        "jobs",
        "import os, threading, time, warnings\n"
        "warnings.filterwarnings('ignore', message='set at the import')\n"
        "def fine():\n    return os.getpid()\n"
        "def spoil(x):\n"
        "    threading.Thread(target=time.sleep, args=(99,), name='left', daemon=True).start()\n"
        "    return [x, os.getpid()]\n"
        "def look(x):\n"
        "    known = any(f[1] and f[1].match('set at the import') for f in warnings.filters)\n"
        "    open('looked', 'w').write(repr([known, x[0] == x[1], x[1] == os.getpid()]))\n",
    )
    tasks = {
        "fine": ("jobs.fine", [], ["a"]),
        "spoil": ("jobs.spoil", ["a"], ["b"]),
        "look": ("jobs.look", ["b"], ["c"]),
    }
    app.graph(tasks, workers=1)
    assert set(submit(app).statuses().values()) == {"COMPLETED"}
    assert (app.folder / "looked").read_text() == repr([True, True, False])
    (log,) = (app.folder / ".taipy-exec" / "logs").rglob("JOB_spoil_*.log")
    assert log.read_text() == (
        "taipy-exec: the process takes no other job: a thread still runs (left)\n"
    )


def test_a_job_that_ignores_sigterm_is_killed_when_it_is_canceled(app: Application) -> None:
    app.module(
        "jobs",
        "import signal\ndef deaf():\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "    return gated()\n",
    )
    app.graph(
        {"bad": ("jobs.deaf", [], ["b"]), "good": ("flow.work", [], ["d"])}, job="grace = 0.3\n"
    )
    process = app.start("submit", "--json")
    app.begun()
    assert app.run("cancel", app.only_submission()).code == 0
    result = app.end(process)
    assert result.code == 4
    assert result.job("bad")["status"] == "CANCELED"
    app.nothing_runs()


def test_200_megabytes_of_output_are_taken_quickly_and_kept_short(app: Application) -> None:
    app.one(
        "import os\nline = b'x' * 99 + b'\\n'\nblock = line * 10_000\n"
        "os.write(1, b'the first line\\n')\nfor _ in range(200):\n    os.write(1, block)\n"
        "print('the last line')",
        job="log_limit = 100_000\n",
    )
    begin = time.monotonic()
    result = submit(app)
    assert time.monotonic() - begin < 25
    assert result.statuses()["bad"] == "COMPLETED"
    (log,) = (app.folder / ".taipy-exec" / "logs").rglob("JOB_bad_*.log")
    assert log.stat().st_size < 101_000
    text = log.read_text()
    assert text.startswith("the first line\n")
    assert "bytes left out" in text
    assert text.endswith("the last line\n")


def test_output_that_is_no_text_and_has_no_end_of_line_is_kept(app: Application) -> None:
    app.one("import os\nos.write(1, b'\\xff\\xfe\\x00 no end')\nreturn 1")
    result = submit(app)
    assert result.code == 0
    logs = app.run("logs", result.job("bad")["id"])
    assert logs.code == 0
    assert "no end" in logs.out
    assert app.run("logs", result.job("bad")["id"], "--json").json["logs"][0]["log"]


def test_threads_that_print_at_once_lose_no_line(app: Application) -> None:
    app.one(
        "import threading\n"
        "def say(n):\n    for k in range(200): print(f'thread {n} line {k}')\n"
        "threads = [threading.Thread(target=say, args=(n,)) for n in range(8)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]"
    )
    result = submit(app)
    lines = app.run("logs", result.job("bad")["id"]).out.split("\n")
    assert sum(line.count("thread") for line in lines) == 1600


def test_an_input_that_cannot_be_read_fails_its_job_with_the_name_of_the_node(
    app: Application,
) -> None:
    app.module(
        "jobs",
        "class Rude:\n    def __reduce__(self):\n        return (int, ('no',))\n"
        "def make():\n    return Rude()\n",
    )
    app.graph({"make": ("jobs.make", [], ["a"]), "use": ("flow.work", ["a"], ["b"])})
    result = submit(app)
    assert result.code == 1
    assert result.job("use")["reason"] == "read_input"
    assert "'a'" in result.job("use")["error"]["message"]


def test_a_large_result_arrives_whole(app: Application) -> None:
    app.one("return bytes(100_000_000)")
    assert set(submit(app).statuses().values()) == {"COMPLETED"}


@pytest.mark.parametrize("mode", ["development", "standalone"])
def test_a_module_that_prints_at_its_import_does_not_get_into_the_json(
    app: Application, mode: str
) -> None:
    app.module(
        "jobs", "import os\nprint('hello')\nos.write(1, b'hello')\ndef bad():\n    return 1\n"
    )
    app.graph({"bad": ("jobs.bad", [], ["b"])}, mode=mode)
    assert submit(app).statuses() == {"bad": "COMPLETED"}


def test_a_module_that_cannot_be_imported_in_a_new_process_fails_its_jobs(
    app: Application,
) -> None:
    app.module(
        "jobs",
        "import os\nif 'TAIPY_EXEC_SLOT' in os.environ:\n    raise RuntimeError('only at home')\n"
        "def bad():\n    return 1\n",
    )
    app.graph({"bad": ("jobs.bad", [], ["b"]), "good": ("flow.work", [], ["d"])})
    result = submit(app)
    assert result.code == 1
    assert result.statuses() == {"bad": "FAILED", "good": "COMPLETED"}
    assert result.job("bad")["reason"] == "not_loaded"
    assert "only at home" in result.job("bad")["error"]["message"]


def test_a_main_script_that_kills_its_process_when_imported_fails_its_jobs_and_ends(
    app: Application,
) -> None:
    app.module(
        "jobs",
        "import os\nif 'TAIPY_EXEC_SLOT' in os.environ:\n    os._exit(3)\n"
        "def bad():\n    return 1\n",
    )
    app.graph({"bad": ("jobs.bad", [], ["b"]), "good": ("flow.work", [], ["d"])})
    result = submit(app)
    assert result.statuses() == {"bad": "FAILED", "good": "COMPLETED"}
    assert "exit code 3" in result.job("bad")["error"]["message"]


def test_a_job_that_kills_the_submitter_leaves_nothing_behind_and_is_carried_on(
    app: Application,
) -> None:
    app.one(
        "import os, signal\nif not os.path.exists('once'):\n    open('once', 'w').close()\n"
        "    os.kill(os.getppid(), signal.SIGKILL)\n    wait_for('never')\nreturn 1"
    )
    process = app.start("submit", "--json")
    assert app.end(process).code == -9
    app.nothing_runs()
    result = submit(app)
    assert set(result.statuses().values()) == {"COMPLETED"}
    assert result.job("bad")["attempt"] == 2


def test_a_job_that_closes_every_descriptor_of_its_process_fails_alone(app: Application) -> None:
    app.one("import os\nos.closerange(0, 1000)\nreturn 1")
    result = submit(app)
    assert result.statuses()["good"] == "COMPLETED"
    assert result.statuses()["bad"] in ("FAILED", "COMPLETED")


def test_a_process_that_a_job_forked_does_not_hide_the_death_of_the_job(app: Application) -> None:
    app.one(
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(1000)\nos._exit(9)"
    )
    begin = time.monotonic()
    failed_alone(submit(app))
    assert time.monotonic() - begin < 15


def test_a_job_that_kills_its_whole_process_group_fails_alone(app: Application) -> None:
    app.one("import os\nos.killpg(0, 9)")
    failed_alone(submit(app))


@pytest.mark.one_variant
@pytest.mark.parametrize("limit", [24, 40])
def test_few_descriptors_are_enough_or_named(app: Application, limit: int) -> None:
    app.one("return 1")
    result = app.shell(f"ulimit -n {limit}; $T submit --json")
    assert "Traceback" not in result.err
    assert result.code in (0, 1, 7)
    if result.code == 0:
        assert set(result.statuses().values()) == {"COMPLETED"}
    app.nothing_runs()

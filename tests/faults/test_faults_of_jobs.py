"""What jobs do to their process, to their results and to what they print: F1 to F8."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from command_support import wait_until
from modes import ALL, APART, InMode, in_modes

pytestmark = pytest.mark.once

RAISES = "raise ValueError('no such luck')"
DEATHS = {
    "exits": ("os._exit(3)", "exit code 3"),
    "exits_well": ("os._exit(0)", "exit code 0"),
    "segfaults": ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
    "is_killed": ("os.kill(os.getpid(), 9)", "SIGKILL"),
    "aborts": ("os.abort()", "SIGABRT"),
}
ODD_RESULTS = {
    "gives_lambda": "return lambda: 1",
    "gives_closure": "def inner():\n    return inputs\nreturn inner",
    "gives_generator": "return (n for n in range(3))",
    "gives_lock": "return threading.Lock()",
    "gives_class": "class Local:\n    pass\nreturn Local()",
    "raises_odd": (
        "class Odd(Exception):\n    def __init__(self):\n        super().__init__('odd')\n"
        "        self.lock = threading.Lock()\nraise Odd()"
    ),
}


@in_modes(*ALL)
@pytest.mark.parametrize("option", ["--keep-going", "--fail-fast"])
def test_f1_a_job_that_raises(place: InMode, option: str) -> None:
    place.graph(
        {
            "bad": (RAISES, [], ["a"]),
            "after": ("return 1", ["a"], ["b"]),
            "far": ("return 1", ["b"], ["c"]),
            # Not before `bad` has failed, so that there is something to stop.
            "first": ("time.sleep(1.0)\nreturn 1", [], ["d"]),
            "next": ("return 1", ["d"], ["e"]),
        },
        workers=2,
    )
    result = place.submit(option)
    assert result.code == 1
    statuses = result.statuses()
    assert statuses["bad"] == "FAILED"
    assert {statuses["after"], statuses["far"]} == {"ABANDONED"}
    go_on = option == "--keep-going"
    assert statuses["next"] == ("COMPLETED" if go_on else "CANCELED")
    # One after the other in development mode: there it may not have been started.
    assert statuses["first"] == "COMPLETED" or (not go_on and place.mode == "development")
    error = result.job("bad")["error"]
    assert error["message"] == "no such luck"
    assert "jobs.py" in error["traceback"]
    assert "taipy_exec" not in error["traceback"]
    place.has_run(result)


@pytest.mark.representative
@in_modes(*APART)
def test_f2_a_job_whose_process_dies(place: InMode) -> None:
    tasks = {name: (body, [], [f"o_{name}"]) for name, (body, _) in DEATHS.items()}
    tasks |= {f"after_{name}": ("return 1", [f"o_{name}"], [f"p_{name}"]) for name in DEATHS}
    tasks |= {f"good{n}": ("return 1", [], [f"g{n}"]) for n in range(5)}
    tasks["leaves"] = ("sys.exit(2)", [], ["left"])
    place.graph(tasks, job="max_attempts = 1\n")
    result = place.submit()
    assert result.code == 1
    for name, (_, told) in DEATHS.items():
        job = result.job(name)
        assert job["status"] == "FAILED"
        assert told in job["error"]["message"]
        assert "peak memory" in job["error"]["message"]
        assert job["finished_at"] is not None
        assert result.job(f"after_{name}")["status"] == "ABANDONED"
        assert job["duration"] is None or job["duration"] < 1.5
    assert {result.statuses()[f"good{n}"] for n in range(5)} == {"COMPLETED"}
    assert result.job("leaves")["reason"] == "raised"
    assert "probably out of memory" in result.job("is_killed")["error"]["message"]
    place.has_run(result)


@in_modes(*APART)
def test_f3_a_job_that_eats_all_memory(place: InMode) -> None:
    place.graph(
        {
            "limited": (
                "import resource\nresource.setrlimit(resource.RLIMIT_AS, (1 << 29, 1 << 29))\n"
                "return len(b'x' * (1 << 31))",
                [],
                ["a"],
            ),
            "after": ("return 1", ["a"], ["b"]),
            "good": ("return 1", [], ["c"]),
            "last": ("return 1", ["c"], ["d"]),
        }
    )
    result = place.submit()
    assert result.job("limited")["error"]["type"] == "MemoryError"
    assert result.statuses()["last"] == "COMPLETED"
    place.has_run(result)


@in_modes(*APART)
def test_f3_a_job_that_the_kernel_kills_for_its_memory(place: InMode, memory_group: Path) -> None:
    place.graph(
        {
            "eats": (
                f"open('{memory_group}/cgroup.procs', 'w').write(str(os.getpid()))\n"
                "held = []\nwhile True:\n    held.append(bytearray(10_000_000))",
                [],
                ["a"],
            ),
            "good": ("return 1", [], ["c"]),
            "last": ("return 1", ["c"], ["d"]),
        },
        job="max_attempts = 1\n",
    )
    result = place.submit()
    assert result.statuses() == {"eats": "FAILED", "good": "COMPLETED", "last": "COMPLETED"}
    assert "probably out of memory" in result.job("eats")["error"]["message"]
    place.has_run(result)


DEAF = """\
signal.signal(signal.SIGTERM, signal.SIG_IGN)
import subprocess
for own_session in (False, True):
    subprocess.Popen([sys.executable, '-c',
        'import time, signal; signal.signal(15, signal.SIG_IGN); time.sleep(600)'],
        start_new_session=own_session)
note('deaf', 'bad')
time.sleep(600)
"""


@in_modes(*APART)
def test_f4_a_job_that_ignores_sigterm_dies_with_all_that_it_started(place: InMode) -> None:
    place.graph({"bad": (DEAF, [], ["a"]), "good": ("return 1", [], ["b"])}, job="grace = 1.0\n")
    submit = place.submitting()
    wait_until(lambda: any(line.startswith("deaf") for line in place.app.ledger()), 30)
    begin = time.monotonic()
    assert place.run("cancel", place.app.only_submission()).code == 0
    result = place.end(submit)
    assert time.monotonic() - begin < 10
    assert result.code == 4
    assert result.statuses() == {"bad": "CANCELED", "good": "COMPLETED"}
    if place.mode == "standalone":
        place.app.nothing_runs()
    place.has_run(result)


LEAVES = """\
import subprocess
subprocess.Popen(['sleep', '600'])
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execvp('sleep', ['sleep', '600'])
    os._exit(0)
os.wait()
return 1
"""


@pytest.mark.representative
@in_modes(*APART)
def test_f4_what_a_job_leaves_behind_is_ended_and_told(place: InMode) -> None:
    place.graph({"leaving": (LEAVES, [], ["a"]), "next": ("return 1", ["a"], ["b"])})
    begin = time.monotonic()
    result = place.submit()
    # They hold its output open; nobody waits for that.
    assert time.monotonic() - begin < 20
    assert set(result.statuses().values()) == {"COMPLETED"}
    assert "stopped 2 processes that the job left running" in place.logs(result)["leaving"]
    place.has_run(result)


HANGS = {
    "sleeps": "time.sleep(600)",
    "waits_in_c": "import ctypes\nctypes.CDLL(None).sleep(600)",
    "locks_itself": "lock = threading.Lock()\nlock.acquire()\nlock.acquire()",
    "never_leaves_c": "import re\nre.match(r'(a+)+$', 'a' * 60 + 'b')",
    "swallows_all": (
        "while True:\n    try:\n        time.sleep(600)\n    except BaseException:\n        pass"
    ),
}


@in_modes(*APART)
def test_f5_jobs_that_hang_are_stopped_when_the_time_is_up(place: InMode) -> None:
    tasks = {name: (body, [], [f"o_{name}"]) for name, body in HANGS.items()}
    tasks |= {"after": ("return 1", ["o_sleeps"], ["p"])}
    place.graph(tasks, workers=len(HANGS), job="grace = 0.5\n")
    place.worker(len(HANGS))
    begin = time.monotonic()
    result = place.submit("--timeout", "6")
    assert time.monotonic() - begin < 30
    assert result.code == 5
    assert {result.statuses()[name] for name in HANGS} == {"CANCELED"}
    assert result.job("sleeps")["reason"] == "timed_out"
    place.has_run(result)


@in_modes(*APART)
def test_f5_the_timeouts_of_a_task_end_each_kind_of_hanging(place: InMode) -> None:
    """Soft where Python can raise, hard everywhere else; others go on."""
    tasks = {name: (body, [], [f"o_{name}"]) for name, body in HANGS.items()}
    tasks |= {"after": ("return 1", ["o_sleeps"], ["p"]), "good": ("return 1", [], ["g"])}
    extra = dict.fromkeys(HANGS, "timeout = 1.0\nhard_timeout = 3.0")
    place.graph(tasks, workers=3, extra=extra, job="max_attempts = 1\n")
    place.worker(3)
    begin = time.monotonic()
    result = place.submit()
    assert time.monotonic() - begin < 40
    assert result.code == 1
    for name in HANGS:
        job = result.job(name)
        assert (job["status"], job["reason"]) == ("FAILED", "timed_out"), job
        assert re.search("timeout of 1 s|not end within 3 s", job["error"]["message"]), job
    assert result.statuses()["after"] == "ABANDONED"
    assert result.statuses()["good"] == "COMPLETED"
    place.has_run(result)


@in_modes(*ALL)
def test_f6_results_that_no_process_can_hand_on(place: InMode) -> None:
    tasks = {name: (body, [], [f"o_{name}"]) for name, body in ODD_RESULTS.items()}
    tasks |= {f"after_{name}": ("return 1", [f"o_{name}"], [f"p_{name}"]) for name in ODD_RESULTS}
    tasks["good"] = ("return 1", [], ["g"])
    place.graph(tasks)
    result = place.submit()
    assert result.code == 1
    for name in ODD_RESULTS:
        job = result.job(name)
        wanted = "raised" if name == "raises_odd" else "write_output"
        assert (job["status"], job["reason"]) == ("FAILED", wanted), job
        assert job["error"]["message"]
        assert result.job(f"after_{name}")["status"] == "ABANDONED"
    assert result.statuses()["good"] == "COMPLETED"
    place.has_run(result)


@in_modes(*APART)
def test_f6_a_result_of_a_gigabyte_arrives_whole(place: InMode) -> None:
    place.graph(
        {
            "make": ("data = bytearray(1 << 30)\ndata[-1] = 7\nreturn data", [], ["a"]),
            "use": ("assert len(inputs[0]) == 1 << 30\nreturn inputs[0][-1]", ["a"], ["b"]),
        }
    )
    result = place.submit(timeout=180)
    assert set(result.statuses().values()) == {"COMPLETED"}, result.out
    assert place.value("b") == 7
    for path in (place.app.folder / "user_data").rglob("DATANODE_a_*"):
        path.unlink()


PRINTS = {
    "gigabyte": (
        "os.write(1, b'the first line\\n')\nblock = (b'x' * 99 + b'\\n') * 10_000\n"
        "for _ in range(1000):\n    os.write(1, block)\nprint('the last line')"
    ),
    "no_text": "os.write(1, b'\\xff\\xfe\\x00\\x1b[2J no end')",
    "one_line": "sys.stdout.write('y' * 20_000_000)",
    "threads": (
        "def say(n):\n    for k in range(200): print(f'thread {n} line {k}')\n"
        "threads = [threading.Thread(target=say, args=(n,)) for n in range(8)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]"
    ),
}


@in_modes(*APART)
def test_f7_whatever_jobs_print_their_logs_stay_small(place: InMode) -> None:
    place.graph(
        {name: (f"{body}\nreturn 1", [], [f"o_{name}"]) for name, body in PRINTS.items()},
        job="log_limit = 100_000\n",
    )
    result = place.submit(timeout=180)
    assert set(result.statuses().values()) == {"COMPLETED"}, result.out
    logs = place.logs(result)
    assert all(len(log.encode()) < 110_000 for log in logs.values())
    assert logs["gigabyte"].startswith("the first line\n")
    assert "bytes left out" in logs["gigabyte"]
    assert logs["gigabyte"].endswith("the last line\n")
    assert "no end" in logs["no_text"]
    assert "\x1b" not in result.err
    assert logs["threads"].count("thread") == 1600
    place.has_run(result)


# What a job does to its process; the next one in that process must not notice.
SPOILS = {
    "closes_descriptors": "os.closerange(0, 3)",
    "closes_streams": "sys.stdout.close(); sys.stderr.close(); sys.stdin.close()",
    "changes_folder": "os.makedirs('elsewhere', exist_ok=True); os.chdir('elsewhere')",
    "removes_folder": "os.makedirs('gone', exist_ok=True); os.chdir('gone'); os.rmdir('../gone')",
    "changes_environment": "os.environ['SPOILT'] = '1'; os.environ.pop('HOME', None)",
    "clears_environment": "os.environ.clear()",
    "changes_umask": "os.umask(0o777)",
    "changes_handlers": (
        "[signal.signal(n, signal.SIG_IGN) for n in (1, 2, 14, 15)]; signal.alarm(1)"
    ),
    "blocks_signals": "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))",
    "changes_streams": "sys.stdout = sys.stderr = open(os.devnull, 'w')",
    "changes_path": "sys.path.clear(); sys.argv.clear()",
    "leaves_thread": "threading.Thread(target=time.sleep, args=(600,), daemon=False).start()",
    "leaves_exit": "import atexit; atexit.register(os._exit, 7)",
    "changes_hooks": "sys.excepthook = None; sys.setrecursionlimit(100)",
    "lowers_limits": "resource.setrlimit(resource.RLIMIT_NOFILE, (20, LIMITS[1]))",
}
LOOK = """\
print('still heard', flush=True)
os.write(2, b'and here\\n')
mask = os.umask(0)
os.umask(mask)
blocked = len(signal.pthread_sigmask(signal.SIG_BLOCK, []))
return [os.getcwd(), mask, 'SPOILT' in os.environ, 'HOME' in os.environ, blocked,
        signal.getsignal(signal.SIGTERM) == signal.SIG_IGN,
        resource.getrlimit(resource.RLIMIT_NOFILE) == LIMITS]
"""


@pytest.mark.representative
@in_modes(*APART)
def test_f8_what_a_job_does_to_its_process_does_not_reach_the_next(place: InMode) -> None:
    tasks: dict[str, tuple[str, list[str], list[str]]] = {}
    before: list[str] = []
    for name, body in SPOILS.items():
        tasks[name] = (f"{body}\nreturn 1", before, [f"s_{name}"])
        tasks[f"look_{name}"] = (LOOK, [f"s_{name}"], [f"l_{name}"])
        before = [f"l_{name}"]
    start = "import resource\nLIMITS = resource.getrlimit(resource.RLIMIT_NOFILE)\n"
    place.graph(tasks, start=start, workers=1)
    place.worker(1)
    result = place.submit()
    assert set(result.statuses().values()) == {"COMPLETED"}, result.out
    logs = place.logs(result)
    for name in SPOILS:
        seen = place.value(f"l_{name}")
        assert seen == [str(place.app.folder), 0o022, False, True, 0, False, True], name
        assert logs[f"look_{name}"] == "still heard\nand here\n", name
    place.has_run(result)

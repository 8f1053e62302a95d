"""What a job changes in its process, and what the next one sees of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from typing import Any

import pytest

PROBE = """
import decimal, gc, json, locale, logging, os, random, resource, signal, socket, subprocess, sys
import tempfile, threading, time, warnings
from taipy_exec.execution.process_state import ProcessState

def text(value):
    # Without the addresses of handlers and hooks.
    return repr(value)

def seen():
    found = {f"signal {n}": text(signal.getsignal(n)) for n in signal.valid_signals()}
    found["mask"] = sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ()))
    for name in dir(resource):
        if name.startswith("RLIMIT_"):
            found[name] = resource.getrlimit(getattr(resource, name))
    for timer in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
        found[f"timer {timer}"] = signal.getitimer(timer)
    found["false"] = subprocess.run(["false"]).returncode
    found["nice"] = os.nice(0)
    found["processors"] = sorted(os.sched_getaffinity(0))
    found["gc"] = gc.isenabled(), gc.get_threshold()
    found["sys"] = [
        sys.getrecursionlimit(), sys.getswitchinterval(), sys.get_int_max_str_digits(),
        text(sys.excepthook), text(sys.unraisablehook), text(sys.gettrace()),
        text(sys.getprofile()), text(threading.excepthook), sys.path, sys.argv,
    ]
    found["socket"] = socket.getdefaulttimeout()
    found["decimal"] = text(decimal.getcontext())
    found["locale"] = locale.setlocale(locale.LC_ALL)
    found["zone"] = time.tzname, time.timezone, os.environ.get("TZ")
    found["files"] = os.getcwd(), os.umask(0o22), tempfile.gettempdir()
    os.umask(found["files"][1])
    found["blocking"] = [os.get_blocking(n) for n in range(3)]
    found["logging"] = [
        logging.root.level, text(logging.root.handlers), logging.root.manager.disable,
        logging.getLogger("app").level, text(logging.getLogger("app").handlers),
        text(logging.getLogger("new").handlers), logging.getLogger("new").propagate,
    ]
    found["warnings"] = text(warnings.filters), text(warnings.showwarning)
    found["environ"] = dict(os.environ)
    return found

logging.getLogger("app")
"""

SPOIL = """
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
for number in (signal.SIGUSR1, signal.SIGPROF, signal.SIGRTMIN, signal.SIGWINCH, signal.SIGQUIT):
    signal.signal(number, lambda *_: None)
signal.setitimer(signal.ITIMER_PROF, 0.5, 0.5)
signal.setitimer(signal.ITIMER_VIRTUAL, 0.5, 0.5)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
os.kill(os.getpid(), signal.SIGUSR2)
for name in ("CORE", "NPROC", "STACK", "NOFILE", "MEMLOCK"):
    number = getattr(resource, f"RLIMIT_{name}")
    resource.setrlimit(number, (1 << 10, resource.getrlimit(number)[1]))
os.environ["TZ"] = "Asia/Tokyo"
time.tzset()
os.environ["MORE"] = "x"
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
gc.disable()
gc.set_threshold(1, 2, 3)
sys.setrecursionlimit(5000)
sys.setswitchinterval(0.5)
sys.set_int_max_str_digits(0)
sys.excepthook = sys.unraisablehook = threading.excepthook = print
sys.setprofile(lambda *_: None)
sys.path.insert(0, "/nowhere")
sys.argv.append("more")
socket.setdefaulttimeout(0.1)
decimal.getcontext().prec = 3
decimal.getcontext().traps[decimal.Inexact] = True
locale.setlocale(locale.LC_ALL, "C")
tempfile.tempdir = "/"
os.chdir("/")
os.umask(0)
os.set_blocking(1, False)
os.close(2)
logging.disable(logging.CRITICAL)
logging.root.setLevel(1)
logging.root.addHandler(logging.StreamHandler())
logging.getLogger("app").addHandler(logging.StreamHandler())
logging.getLogger("app").setLevel(1)
logging.getLogger("new").addHandler(logging.StreamHandler())
logging.getLogger("new").propagate = False
warnings.simplefilter("error")
warnings.showwarning = print
"""


def in_a_process(code: str, **options: Any) -> Any:
    """What the code prints last, as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE + textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=False,
        **options,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_what_a_job_changes_is_put_back() -> None:
    code = f"""
surroundings = ProcessState()
before = seen()
{SPOIL}
left = surroundings.restore()
after = seen()
print(json.dumps([left, {{k: [before[k], after[k]] for k in before if before[k] != after[k]}}]))
"""
    left, differs = in_a_process(code)
    assert (left, differs) == ([], {})


def test_a_warning_that_a_job_turned_into_an_error_is_one_no_more() -> None:
    code = """
    surroundings = ProcessState()
    warnings.simplefilter("error")
    try:
        warnings.warn("no")
    except UserWarning:
        raised = True
    surroundings.restore()
    warnings.warn("no")
    print(json.dumps(raised))
    """
    assert in_a_process(code) is True


def test_what_cannot_be_put_back_is_told() -> None:
    code = """
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
    surroundings = ProcessState()
    with surroundings.calling():
        os.nice(5)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_NPROC, (100, 100))
        threading.Thread(target=time.sleep, args=(60,), name="left", daemon=True).start()
        threading.Thread(target=time.sleep, args=(0.001,), name="short").start()
    left = surroundings.restore()
    print(json.dumps([left, surroundings.restore()]))
    sys.stdout.flush()
    os._exit(0)
    """
    left, again = in_a_process(code)
    assert "a thread still runs (left)" in left
    assert "its niceness cannot be restored" in left
    assert "the limit RLIMIT_NPROC cannot be restored" in left
    assert not any("short" in words for words in left)
    assert not any("thread" in words for words in again)


@pytest.mark.skipif(os.getuid() != 0, reason="needs rights to change the user")
def test_another_user_cannot_be_put_back() -> None:
    code = """
    surroundings = ProcessState()
    os.setresuid(65534, 65534, 65534)
    print(json.dumps(surroundings.restore()))
    """
    assert "its user or its groups cannot be restored" in in_a_process(code)


def test_a_folder_that_is_gone_and_many_open_files_are_told() -> None:
    code = """
    folder = tempfile.mkdtemp()
    os.chdir(folder)
    surroundings = ProcessState()
    os.chdir("/")
    os.rmdir(folder)
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    files = [os.open("/dev/null", os.O_RDONLY) for _ in range(60)]
    surroundings._known.settings = ProcessState()._known.settings
    print(json.dumps(surroundings.restore()))
    """
    assert in_a_process(code) == [
        "its working folder is gone",
        "more than half of its descriptors are open",
    ]


def test_what_a_module_sets_at_its_import_stays() -> None:
    code = """
    surroundings = ProcessState()
    with surroundings.importing():
        sys.path.insert(0, "/of/a/module")
        warnings.filterwarnings("ignore", message="known")
        logging.getLogger("app").setLevel(logging.DEBUG)
        random.seed(42)
        threading.Thread(target=time.sleep, args=(0.2,), name="of a module").start()
    first = random.random()
    left = surroundings.restore()
    print(json.dumps([
        left, sys.path[0], warnings.filters[0][0], logging.getLogger("app").level,
        first == random.random(),
    ]))
    """
    assert in_a_process(code) == [[], "/of/a/module", "ignore", 10, True]


def test_what_a_job_had_set_before_the_import_does_not_stay() -> None:
    code = """
    surroundings = ProcessState()
    before = resource.getrlimit(resource.RLIMIT_AS)
    os.environ["OF_JOB"] = os.environ["BOTH"] = "job"
    resource.setrlimit(resource.RLIMIT_AS, (1 << 34, before[1]))
    with surroundings.importing():
        os.environ["OF_MODULE"] = os.environ["BOTH"] = "module"
        os.environ.pop("HOME", None)
    surroundings.restore()
    found = [os.environ.get(name) for name in ("OF_JOB", "OF_MODULE", "BOTH", "HOME")]
    print(json.dumps([found, resource.getrlimit(resource.RLIMIT_AS) == before]))
    """
    assert in_a_process(code) == [[None, "module", "module", None], True]


@pytest.mark.parametrize("numpy", [False, True], ids=["random", "numpy"])
def test_a_seed_of_a_job_is_not_that_of_the_next(numpy: bool) -> None:
    code = f"""
    if {numpy}:
        import numpy.random as numbers
    else:
        import random as numbers
    surroundings = ProcessState()
    found = []
    for _ in range(3):
        numbers.seed(42)
        surroundings.restore()
        found.append(numbers.random())
    print(json.dumps(len(set(found))))
    """
    assert in_a_process(code) == 3

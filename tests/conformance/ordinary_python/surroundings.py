"""The process: folder, environment, signals, exit handlers."""

import atexit
import decimal
import gc
import locale
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path


def change_folder():
    """`os.chdir`"""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        same = Path.cwd() == Path(folder).resolve()
        os.chdir("/")
    return same


def folder_of_the_next_job():
    """the working folder after another job's `os.chdir`

    development: as the other job left it
    """
    return Path("here.txt").read_text()


def set_a_variable():
    """`os.environ`"""
    os.environ["ORDINARY_PYTHON"] = "set"
    return os.environ["ORDINARY_PYTHON"]


def variable_of_another_job():
    """a variable that another job has set

    development: as the other job left it
    """
    return os.environ.get("ORDINARY_PYTHON")


def handle_a_signal():
    """a signal handler of the job"""
    seen = []
    signal.signal(signal.SIGUSR1, lambda number, frame: seen.append(number))
    os.kill(os.getpid(), signal.SIGUSR1)
    return seen


def handler_of_another_job():
    """a signal that another job has handled

    development: as the other job left it
    """
    return signal.getsignal(signal.SIGUSR1)


def alarm():
    """`signal.alarm`"""
    seen = []
    signal.signal(signal.SIGALRM, lambda number, frame: seen.append(number))
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    end = time.monotonic() + 10
    while not seen and time.monotonic() < end:
        time.sleep(0.01)
    return seen


def ignore_children():
    """SIGCHLD ignored by the job, and a child"""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        return "nobody to wait for"


def children_of_the_next_job():
    """the exit code of a child after another job has ignored SIGCHLD

    development: as the other job left it
    """
    pid = os.fork()
    if pid == 0:
        os._exit(7)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def register_at_exit():
    """`atexit.register`"""
    atexit.register(list)
    return "registered"


def set_the_zone():
    """`time.tzset`"""
    os.environ["TZ"] = "Asia/Tokyo"
    time.tzset()
    return time.tzname


def set_the_locale():
    """`locale.setlocale`"""
    return locale.setlocale(locale.LC_NUMERIC, "C")


def set_the_precision():
    """the context of `decimal`"""
    decimal.getcontext().prec = 3
    return decimal.Decimal(1) / 3


def precision_of_the_next_job():
    """the context of `decimal` after another job"""
    return decimal.Decimal(1) / 3


def seed():
    """`random.seed`"""
    random.seed(1)
    return random.random()


def recursion_limit():
    """`sys.setrecursionlimit`"""
    sys.setrecursionlimit(5000)
    return sys.getrecursionlimit()


def recursion_limit_of_the_next_job():
    """the recursion limit after another job

    development: as the other job left it
    """
    return sys.getrecursionlimit()


def collect():
    """`gc.disable`"""
    gc.disable()
    return gc.isenabled()


def collection_of_the_next_job():
    """after another job's `gc.disable`

    development: as the other job left it
    """
    return gc.isenabled()


def extend_the_path():
    """`sys.path`"""
    sys.path.insert(0, "/nowhere")
    return sys.path[0]


def path_of_the_next_job():
    """`sys.path` after another job

    development: as the other job left it
    """
    return "/nowhere" in sys.path


def umask():
    """`os.umask`"""
    os.umask(0o077)
    return os.umask(0o077)


def write_a_file():
    """a relative path"""
    Path("written.txt").write_text("text")
    return Path("written.txt").read_text()


def arguments():
    """`sys.argv` holds no option of the command"""
    return [one for one in sys.argv if one in ("submit", "-q", "--quiet")]

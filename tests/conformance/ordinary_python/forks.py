"""Forks, child processes and pools."""

import concurrent.futures
import multiprocessing
import os
import signal
import subprocess
import sys
import time


def _square(number):
    return number * number


def _watch(ready):
    ready.set()
    while True:
        time.sleep(1)


def _exit_code(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def fork_and_exit():
    """a forked child that calls `sys.exit`"""
    pid = os.fork()
    if pid == 0:
        sys.exit(3)
    return _exit_code(pid)


def fork_and_return():
    """a forked child that returns from the function"""
    pid = os.fork()
    if pid == 0:
        return None
    return _exit_code(pid)


def fork_and_raise():
    """a forked child that raises"""
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        raise ValueError("in the child")
    return _exit_code(pid)


def fork_and_terminate():
    """a forked child that is ended by SIGTERM"""
    pid = os.fork()
    if pid == 0:
        while True:
            time.sleep(1)
    os.kill(pid, signal.SIGTERM)
    return _exit_code(pid)


def fork_and_interrupt():
    """a forked child that gets SIGINT raises KeyboardInterrupt"""
    reading, writing = os.pipe()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    pid = os.fork()
    if pid == 0:
        try:
            os.write(writing, b"r")
            time.sleep(30)
        except KeyboardInterrupt:
            os._exit(42)
    os.read(reading, 1)
    os.kill(pid, signal.SIGINT)
    return _exit_code(pid)


def fork_twice():
    """a child of a child"""
    pid = os.fork()
    if pid == 0:
        inner = os.fork()
        if inner == 0:
            sys.exit(5)
        sys.exit(_exit_code(inner) + 1)
    return _exit_code(pid)


def terminate_a_process():
    """`multiprocessing.Process.terminate`"""
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    child = context.Process(target=_watch, args=(ready,))
    child.start()
    ready.wait()
    child.terminate()
    child.join()
    return child.exitcode


def pool_of_processes():
    """`multiprocessing.Pool`"""
    with multiprocessing.get_context("fork").Pool(2) as pool:
        return pool.map(_square, range(5))


def executor_of_processes():
    """`concurrent.futures.ProcessPoolExecutor`"""
    context = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        return list(pool.map(_square, range(5)))


def manager():
    """a dictionary of a `multiprocessing.Manager`"""
    with multiprocessing.get_context("fork").Manager() as shared:
        numbers = shared.dict(a=1)
        numbers["b"] = 2
        return dict(numbers)


def command():
    """a command of another program, its output and its exit code"""
    done = subprocess.run(["sh", "-c", "echo out; exit 4"], stdout=subprocess.PIPE, check=False)
    return done.returncode, done.stdout


def daemon_flag():
    """the process says that it may have children"""
    return multiprocessing.current_process().daemon

"""stdout and stderr."""

import contextlib
import ctypes
import io
import os
import subprocess
import sys
import warnings


def print_a_line():
    """`print`, also of text that is not ASCII"""
    print("a line, naïve ☃")


def print_to_both():
    """`print` to stderr"""
    print("to stderr", file=sys.stderr)


def write_bytes():
    """`sys.stdout.buffer`"""
    sys.stdout.buffer.write(b"bytes\n")
    sys.stdout.buffer.flush()


def write_to_the_descriptor():
    """`os.write` to descriptor 1"""
    os.write(1, b"to the descriptor\n")


def command_that_prints():
    """a command that prints"""
    subprocess.run(["echo", "from a command"], check=True)


def command_that_prints_to_stderr():
    """a command that prints to stderr"""
    subprocess.run(["sh", "-c", "echo from a command >&2"], check=True)


def child_that_prints():
    """a forked child that prints"""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        print("from a child")
        sys.stdout.flush()
        os._exit(0)
    os.waitpid(pid, 0)


def reconfigure():
    """`sys.stdout.reconfigure`

    notebook: as in a cell, where stdout is the notebook's
    """
    sys.stdout.reconfigure(encoding="utf-8", line_buffering=True)
    print("naïve")


def print_after_others_have_reconfigured():
    """`print` after another job has reconfigured stdout"""
    print("still here, ☃")


def detach():
    """`sys.stdout.detach`

    notebook: as in a cell, where stdout is the notebook's
    """
    raw = sys.stdout.detach()
    sys.stdout = io.TextIOWrapper(raw, encoding="utf-8")
    print("detached")
    sys.stdout.flush()


def replace_stdout():
    """a new object as `sys.stdout`

    notebook: as in a cell, where stdout is the notebook's
    """
    sys.stdout = io.open(1, "w", closefd=False)
    print("replaced")
    sys.stdout.flush()


def print_after_others_have_replaced_it():
    """`print` after another job has replaced stdout"""
    print("as before")


def close_stdout():
    """`sys.stdout.close` by another object of the same descriptor

    notebook: as in a cell, where stdout is the notebook's
    """
    with io.open(1, "w", closefd=False) as out:
        out.write("closed\n")


def redirect():
    """`contextlib.redirect_stdout`"""
    with contextlib.redirect_stdout(io.StringIO()) as held:
        print("held")
    return held.getvalue()


def duplicate_the_descriptor():
    """`os.dup2` over descriptor 1, and back"""
    sys.stdout.flush()
    saved = os.dup(1)
    reading, writing = os.pipe()
    os.dup2(writing, 1)
    os.write(1, b"caught")
    os.dup2(saved, 1)
    for number in (saved, writing):
        os.close(number)
    with open(reading, "rb") as caught:
        return caught.read()


def names_of_streams():
    """`name`, `mode`, `encoding` and `fileno` of the streams

    notebook: as in a cell, where stdout is the notebook's
    """
    return [(s.mode, s.encoding.lower(), s.fileno()) for s in (sys.stdout, sys.stderr)]


def print_from_c():
    """`printf` of a C library"""
    library = ctypes.CDLL(None)
    library.printf(b"from C\n")
    library.fflush(None)


def warn():
    """`warnings.warn`"""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.warn("watch out", stacklevel=1)
    return [str(one.message) for one in caught]


def print_without_a_newline():
    """the last line without a newline"""
    print("no newline", end="")


def print_much():
    """much output"""
    for number in range(20_000):
        print(number)


def input_is_empty():
    """stdin is empty"""
    return sys.stdin.read()

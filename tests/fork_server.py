"""Forks a process that runs the command for each request. It has imported the command already.

The process is a real one, with its own streams, folder, environment and exit code. Only the start
of Python and the imports are saved: some 0.5 s of processor time.

Usage: python fork_server.py SOCKET MARK, with the descriptor of the socket that brings requests,
and the name of the environment variable that marks the process.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
import threading
from pathlib import Path

# What most commands import: by name, because nothing here uses them.
for _name in (
    *("rich.table", "typing_extensions"),
    *("taipy_exec.cli.main", "taipy_exec.cli.running", "taipy_exec.cli.status_view"),
    *("taipy_exec.cli.fitting_table", "taipy_exec.cli.sweep.result"),
    *("taipy_exec.operations.data", "taipy_exec.operations.submit"),
    *("taipy_exec.config.call_checks", "taipy_exec.config.usage_checks"),
    *("taipy_exec.data.pickle_file", "taipy_exec.data.node_checks"),
    *("taipy_exec.runners.development", "taipy_exec.runners.standalone"),
    *("taipy_exec.observers.configured", "taipy_exec.views.value_json"),
    *("taipy_exec.cli.console", "taipy_exec.cli.events", "taipy_exec.protocol.schema"),
    *("taipy_exec.engine.forecast", "taipy_exec.execution.own_code"),
):
    importlib.import_module(_name)


def serve(requests: socket.socket, mark: bytes) -> list[str]:
    """Fork for each request. Returns in the new process only, with the command's arguments."""
    libc = ctypes.CDLL(None)
    libc.getenv.restype = ctypes.c_void_p
    place = libc.getenv(mark)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        text, descriptors, _, _ = socket.recv_fds(requests, 1 << 20, 4)
        if not text:
            os._exit(0)
        if os.fork() == 0:
            requests.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            *streams, answer = descriptors
            request = json.loads(text)
            if os.fork():
                os._exit(_report_end(answer, streams))
            os.write(answer, f"{os.getpid()}\n".encode())
            os.close(answer)
            _become(request, streams)
            # /proc shows the environment that a process got at its start.
            marked = request["environment"][mark.decode()].encode()
            ctypes.memmove(place, marked, len(marked))
            return list(request["arguments"])
        for descriptor in descriptors:
            os.close(descriptor)


def _report_end(answer: int, streams: list[int]) -> int:
    for descriptor in (0, 1, 2, *streams):
        os.close(descriptor)
    _, status = os.wait()
    os.write(answer, str(os.waitstatus_to_exitcode(status)).encode())
    return 0


def _become(request: dict[str, object], streams: list[int]) -> None:
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(str(request["folder"]))
    os.environ.clear()
    os.environ.update(request["environment"])  # type: ignore[call-overload]
    sys.path[0] = str(Path.cwd())


def _end(code: int) -> None:
    """As Python does, but it removes no module: in a copy of a process that takes 0.1 s."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


if __name__ == "__main__":
    # The garbage collector would write to all objects, and so have all of the memory copied.
    gc.freeze()
    arguments = serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2].encode())
    sys.argv[1:] = arguments
    sys.orig_argv[:] = [sys.executable, "-m", "taipy_exec", *arguments]
    try:
        runpy.run_module("taipy_exec", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if isinstance(end.code, int):
            _end(end.code)
        raise

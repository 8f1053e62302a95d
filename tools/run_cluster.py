"""`python -m tools.run_cluster`: the example application with two workers, then all of it gone.

The broker is the one of TAIPY_EXEC_BROKER_URL; `make run-cluster` starts one.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

CONFIG = "configs/cluster.toml"
_COMMAND = [sys.executable, "-m", "taipy_exec"]


@contextmanager
def worker() -> Iterator[None]:
    """A worker; at the end it is asked to leave."""
    process = subprocess.Popen([*_COMMAND, "run-worker", "--application-path", CONFIG])
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def main() -> int:
    """The exit code of `submit`."""
    with ExitStack() as workers:
        for _ in range(2):
            workers.enter_context(worker())
        code = subprocess.run([*_COMMAND, "submit", CONFIG], check=False).returncode
    if code == 0:
        code = subprocess.run([*_COMMAND, "data", "show", CONFIG, "report"], check=False).returncode
    return code


if __name__ == "__main__":
    sys.exit(main())

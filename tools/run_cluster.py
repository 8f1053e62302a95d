"""`python -m tools.run_cluster`: run the example application with two workers, then stop them.

The broker is that of TAIPY_EXEC_BROKER_URL. `make run-cluster` starts one.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

CONFIG = "configs/cluster.toml"
_COMMAND = [sys.executable, "-m", "taipy_exec"]


@contextmanager
def worker() -> Iterator[None]:
    """Run a worker during the block, and stop it afterwards."""
    process = subprocess.Popen([*_COMMAND, "run-worker", "--application-path", CONFIG])
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def main() -> int:
    """Run the example and print its headline; the exit code of `submit`, or of `data show`."""
    with ExitStack() as workers:
        for _ in range(2):
            workers.enter_context(worker())
        code = subprocess.run([*_COMMAND, "submit", CONFIG], check=False).returncode
    if code == 0:
        show = [*_COMMAND, "data", "show", CONFIG, "report"]
        shown = subprocess.run(show, check=False, stdout=subprocess.PIPE, text=True)
        code = shown.returncode
        if code == 0:
            print(json.loads(shown.stdout)["headline"])
    return code


if __name__ == "__main__":
    sys.exit(main())

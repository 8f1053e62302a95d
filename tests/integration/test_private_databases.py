"""The private PostgreSQL and MariaDB: they keep their data, and end with whoever started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_support import wait_until
from database_support import SERVERS, Database

ROOT = Path(__file__).parents[2]
_HOLDER = """
import sys, time
from tools.private_postgres import PrivatePostgres
from tools.private_mariadb import PrivateMariadb
server = {"postgresql": PrivatePostgres, "mysql": PrivateMariadb}[sys.argv[1]]()
server.start()
print(server.pid, server.folder, flush=True)
time.sleep(600)
"""


@pytest.mark.one_variant
def test_committed_rows_outlive_a_kill(own_server: Database) -> None:
    own_server.run("CREATE TABLE t (a INTEGER)", "INSERT INTO t VALUES (1)")
    own_server.server.kill()
    assert not own_server.server.is_running
    own_server.server.start()
    assert own_server.run("SELECT a FROM t") == [(1,)]


@pytest.fixture(params=list(SERVERS))
def holder(request: pytest.FixtureRequest, own_server_is_possible: None) -> Iterator[Any]:
    """A process that has started a server, with the server's process id and folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, request.param],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    pid, folder = process.stdout.readline().split()
    yield process, int(pid), Path(folder)
    process.kill()
    process.communicate(timeout=20)
    subprocess.run(["rm", "-rf", folder], check=True)


@pytest.fixture
def own_server_is_possible(request: pytest.FixtureRequest) -> None:
    for server in SERVERS.values():
        missing = server.missing()
        if missing and os.environ.get("CI"):
            pytest.fail(missing)
        if missing:
            pytest.skip(missing)


@pytest.mark.one_variant
def test_a_server_ends_when_its_owner_is_killed(holder: Any) -> None:
    process, pid, _ = holder
    assert Path(f"/proc/{pid}").exists()
    process.send_signal(signal.SIGKILL)
    process.wait(20)
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), 20)

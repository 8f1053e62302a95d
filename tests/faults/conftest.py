"""Fixtures for the faults. A test runs three times, each with a seed that its name tells; one with
the mark `once` has nothing in it that is left to chance, and runs once.

`FAULT_SEED=20261125-2 make faults` runs all of them once, with that seed; `FAULT_ROUNDS=1` fewer.
After each test the invariants are checked, see invariants.py.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cluster_support import Cluster
from command_support import Application, wait_until
from invariants import CANARY, Observed
from modes import InMode

from tools.private_broker import PrivateBroker

# Set here, so that the processes of xdist inherit one and the same.
_BASE = os.environ.setdefault("FAULT_BASE", time.strftime("%Y%m%d%H%M%S"))
_PASSED = pytest.StashKey[bool]()
_USER = "canary"


def _seeds() -> list[str]:
    given = os.environ.get("FAULT_SEED")
    rounds = int(os.environ.get("FAULT_ROUNDS", "3"))
    return [given] if given else [f"{_BASE}-{number}" for number in range(1, rounds + 1)]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "once: runs once, whatever the number of rounds")
    config.addinivalue_line("markers", "representative: runs in the gate, too")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--representative",
        action="store_true",
        help="only the faults with the mark `representative`, each with its last parameters",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """For the gate, which has four minutes: one of each kind, mostly in cluster mode."""
    if config.getoption("--representative"):
        marked = [item for item in items if item.get_closest_marker("representative")]
        items[:] = {item.nodeid.partition("[")[0]: item for item in marked}.values()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test of this folder once for each seed."""
    if "seed" in metafunc.fixturenames:
        once = metafunc.definition.get_closest_marker("once")
        metafunc.parametrize("seed", _seeds()[:1] if once else _seeds())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Have the fixtures know whether the test has passed."""
    report = yield
    item.stash[_PASSED] = item.stash.get(_PASSED, True) and report.passed
    return report


@pytest.fixture
def app(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Observed]:
    """An application folder that is watched; what must hold always is checked at the end."""
    application = Observed(tmp_path / "app")
    yield application
    application.release()
    try:
        if application.processes():
            wait_until(lambda: not application.processes(), 5, "left processes to end")
        if request.node.stash.get(_PASSED, False):
            application.check()
    finally:
        application.kill_everything()


@pytest.fixture
def place(request: pytest.FixtureRequest, app: Observed) -> Iterator[InMode]:
    """The application in the mode that the test's parameter names."""
    cluster = request.getfixturevalue("shared") if request.param == "cluster" else None
    found = InMode(request.param, app, cluster)
    yield found
    if request.node.stash.get(_PASSED, False):
        found.finish()


@pytest.fixture(autouse=True)
def chance(seed: str, request: pytest.FixtureRequest) -> random.Random:
    """Random numbers of the seed, others for each test."""
    return random.Random(f"{seed} {request.node.originalname}")


@pytest.fixture
def cluster(app: Application, own_broker: Callable[..., PrivateBroker]) -> Iterator[Cluster]:
    """A cluster with a broker of its own, which may be killed."""
    yield Cluster(app, own_broker())


@pytest.fixture(scope="session")
def guarded_broker(broker: PrivateBroker) -> PrivateBroker:
    """The shared broker, with a user whose password nobody may show."""
    broker.add_user(_USER, CANARY)
    return broker


@pytest.fixture
def shared(app: Application, guarded_broker: PrivateBroker, broker_url: str) -> Cluster:
    """A cluster with a virtual host of its own on a broker that is not to be harmed."""
    vhost = broker_url.rpartition("/")[2]
    guarded_broker.ctl("set_permissions", "-p", vhost, _USER, ".*", ".*", ".*")
    url = guarded_broker.url(user=_USER, password=CANARY, vhost=vhost)
    return Cluster(app, guarded_broker, url)


@pytest.fixture
def gated(cluster: Cluster) -> Cluster:
    """Three jobs in a row; the one in the middle waits for the gate."""
    return _gated(cluster)


@pytest.fixture
def shared_gated(shared: Cluster) -> Cluster:
    """The same on the shared broker."""
    return _gated(shared)


def _gated(cluster: Cluster) -> Cluster:
    cluster.graph(
        {
            "before": ("flow.work", [], ["a"]),
            "middle": ("flow.gated", ["a"], ["b"]),
            "after": ("flow.work", ["b"], ["c"]),
        }
    )
    return cluster


@pytest.fixture
def memory_group() -> Iterator[Path]:
    """A control group whose processes may have 100 MB of memory, and are killed beyond."""
    old, new = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")
    name = f"taipy-exec-test-{os.getpid()}"
    try:
        group = (old if old.is_dir() else new) / name
        group.mkdir()
        limits = ("memory.limit_in_bytes",) if old.is_dir() else ("memory.max", "memory.swap.max")
        for file, value in zip(limits, ("100000000", "0"), strict=False):
            (group / file).write_text(value)
    except OSError as error:
        pytest.skip(f"no right to limit memory by a control group: {error}")
    yield group
    wait_until(lambda: not (group / "cgroup.procs").read_text(), 10, "the group to be empty")
    group.rmdir()

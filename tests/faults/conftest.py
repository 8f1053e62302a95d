"""Fixtures for the faults. Every test runs three times, each with a seed that its name tells.

`FAULT_SEED=20261125-2 make faults` runs all of them once, with that seed; `FAULT_ROUNDS=1` fewer.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator

import pytest
from cluster_support import Cluster
from command_support import Application

from tools.private_broker import PrivateBroker

# Set here, so that the processes of xdist inherit one and the same.
_BASE = os.environ.setdefault("FAULT_BASE", time.strftime("%Y%m%d%H%M%S"))


def _seeds() -> list[str]:
    given = os.environ.get("FAULT_SEED")
    rounds = int(os.environ.get("FAULT_ROUNDS", "3"))
    return [given] if given else [f"{_BASE}-{number}" for number in range(1, rounds + 1)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test of this folder once for each seed."""
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", _seeds())


@pytest.fixture(autouse=True)
def chance(seed: str, request: pytest.FixtureRequest) -> random.Random:
    """Random numbers of the seed, others for each test."""
    return random.Random(f"{seed} {request.node.originalname}")


@pytest.fixture
def cluster(app: Application, own_broker: Callable[..., PrivateBroker]) -> Iterator[Cluster]:
    """A cluster with a broker of its own, which may be killed."""
    yield Cluster(app, own_broker())


@pytest.fixture
def shared(app: Application, broker: PrivateBroker, broker_url: str) -> Cluster:
    """A cluster with a virtual host of its own on a broker that is not to be harmed."""
    return Cluster(app, broker, broker_url)


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

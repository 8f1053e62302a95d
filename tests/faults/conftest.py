"""Fixtures for the faults: each test has a broker of its own, which it may kill."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from cluster_support import Cluster
from command_support import Application

from tools.private_broker import PrivateBroker


@pytest.fixture
def cluster(app: Application, own_broker: Callable[..., PrivateBroker]) -> Iterator[Cluster]:
    """A cluster with a broker that may be killed."""
    yield Cluster(app, own_broker())


@pytest.fixture
def gated(cluster: Cluster) -> Cluster:
    """Three jobs in a row; the one in the middle waits for the gate."""
    cluster.graph(
        {
            "before": ("flow.work", [], ["a"]),
            "middle": ("flow.gated", ["a"], ["b"]),
            "after": ("flow.work", ["b"], ["c"]),
        }
    )
    return cluster

"""The points at which the fault tests kill a process are places in the code as it is now."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "faults"))

from sabotage import LOCAL_POINTS, SUBMITTER_POINTS, WORKER_POINTS, place_of


@pytest.mark.parametrize("point", [*WORKER_POINTS, *SUBMITTER_POINTS, *LOCAL_POINTS])
def test_a_kill_point_is_a_function_of_the_product(point: str) -> None:
    owner, name, when = place_of(point)
    assert callable(getattr(owner, name))
    assert when in ("before", "after")

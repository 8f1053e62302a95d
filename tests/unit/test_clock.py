"""Times of a submission while somebody sets the machine's clock."""

from __future__ import annotations

import time

import pytest

from taipy_exec.engine.clock import Clock


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_a_jump_of_the_machines_clock_is_not_seen_until_it_is_set(
    monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    original = time.time
    clock = Clock()
    assert clock() == pytest.approx(original(), abs=1)
    monkeypatch.setattr(time, "time", lambda: original() + jump)
    assert clock() == pytest.approx(original(), abs=1)
    clock.set()
    assert clock() == pytest.approx(original() + jump, abs=1)

"""The capabilities of modes: known without an import of their runners, and the same there."""

from __future__ import annotations

import pytest

from taipy_exec.config.modes import Capabilities, capabilities, runner_class, runner_modes


@pytest.mark.parametrize("mode", ["development", "standalone", "cluster"])
def test_the_table_says_what_the_runner_itself_says(mode: str) -> None:
    assert runner_class(mode).capabilities == capabilities(mode)


def test_a_runner_whose_jobs_outlive_its_coordinator_can_take_them_back() -> None:
    modes = [mode for mode in runner_modes() if capabilities(mode).outlives_coordinator]
    assert modes == ["cluster"]
    assert all(callable(runner_class(mode).revoke_jobs) for mode in modes)


def test_an_unknown_mode_has_the_capabilities_of_processes_on_this_machine() -> None:
    assert capabilities("of another version") == Capabilities()


@pytest.mark.parametrize(
    ("mode", "slots"), [("development", 1), ("standalone", 3), ("cluster", None)]
)
def test_the_number_of_jobs_at_once_is_known_but_for_other_machines(
    mode: str, slots: int | None
) -> None:
    assert capabilities(mode).slots(3) == slots

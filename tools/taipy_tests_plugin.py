"""A pytest plug-in for a run of Taipy's own tests, with Taipy's dispatcher or taipy-exec's.

`tools/taipy_tests.py` makes such runs. With `--dispatcher ours`, taipy-exec runs the jobs of every
test that configures standalone mode.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest

# A test may catch the timeout error, so it is raised again.
_SECONDS_TO_RAISE_AGAIN = 10.0

_outcomes: dict[str, str] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add options for the dispatcher and the file with the outcomes."""
    group = parser.getgroup("taipy-exec")
    group.addoption("--dispatcher", choices=("theirs", "ours"), default="ours")
    group.addoption("--outcomes", type=Path, help="a file for the outcome of each test, as JSON")
    group.addoption("--state-dir", type=Path, default=Path(".taipy-exec"))
    # A test of Taipy waits up to two minutes for each expected result.
    group.addoption("--seconds-for-a-test", type=float, default=180.0)


def pytest_configure(config: pytest.Config) -> None:
    """Replace Taipy's dispatcher, before a test imports Taipy.

    The tests reset Taipy before and after each test, with the same calls as a program.
    """
    if config.getoption("dispatcher") == "ours":
        import taipy_exec.taipy_plugin

        state_dir: Path = config.getoption("state_dir")
        taipy_exec.taipy_plugin.enable(state_dir=state_dir.absolute())


def _in_time(item: pytest.Item) -> Iterator[None]:
    seconds: float = item.config.getoption("seconds_for_a_test")

    def expire(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"it did not end within {seconds:g} s")

    former = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds, _SECONDS_TO_RAISE_AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Fail a hanging setup, so that the other tests run."""
    yield from _in_time(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Fail a hanging test."""
    yield from _in_time(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Fail a hanging teardown."""
    yield from _in_time(item)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Record the outcome. A test has passed only if its setup and teardown have passed too."""
    if _outcomes.get(report.nodeid, "passed") == "passed":
        _outcomes[report.nodeid] = report.outcome


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Record a file that cannot be imported as failed."""
    if report.failed:
        _outcomes[report.nodeid] = "failed"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the outcome of each test to the file."""
    file: Path | None = session.config.getoption("outcomes")
    if file is not None:
        file.write_text(json.dumps(_outcomes, indent=1), encoding="utf-8")

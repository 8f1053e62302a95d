"""A pytest plug-in for a run of Taipy's own tests, with its dispatcher or with ours.

`tools/taipy_tests.py` makes such runs. With `--dispatcher ours` the jobs of the tests run on our
runners wherever a test configures standalone mode.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest

# A test may catch what is raised when its time is up: it is raised again.
_SECONDS_TO_RAISE_AGAIN = 10.0

_outcomes: dict[str, str] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say whose dispatcher is wanted, and where to write what became of the tests."""
    group = parser.getgroup("taipy-exec")
    group.addoption("--dispatcher", choices=("theirs", "ours"), default="ours")
    group.addoption("--outcomes", type=Path, help="a file for the outcome of each test, as JSON")
    group.addoption("--state-dir", type=Path, default=Path(".taipy-exec"))
    # A test of Taipy waits up to two minutes for each thing that it expects.
    group.addoption("--seconds-for-a-test", type=float, default=180.0)


def pytest_configure(config: pytest.Config) -> None:
    """Put our dispatcher in the place of Taipy's, before a test imports anything of it.

    The tests reset Taipy before and after each of them, by what a program calls as well.
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
    """A hanging test fails, so that the others run."""
    yield from _in_time(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """As with its setup."""
    yield from _in_time(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """As with its setup."""
    yield from _in_time(item)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A test has passed when its setup and its teardown have too."""
    if _outcomes.get(report.nodeid, "passed") == "passed":
        _outcomes[report.nodeid] = report.outcome


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """A file that cannot be imported has failed as a whole."""
    if report.failed:
        _outcomes[report.nodeid] = "failed"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write down what became of each test."""
    file: Path | None = session.config.getoption("outcomes")
    if file is not None:
        file.write_text(json.dumps(_outcomes, indent=1), encoding="utf-8")

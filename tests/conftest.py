"""Fixtures of the tests that run the installed command; it also puts this folder on the path."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_support import Application, wait_until

# A shell that starts the tests in the background has them ignore these, and whatever they start
# would inherit that; the commands under test are to be as on a terminal.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Application]:
    """An application folder. At the end no process of it may be left."""
    application = Application(tmp_path / "app")
    yield application
    application.release()
    try:
        left = application.processes()
        if left:
            wait_until(lambda: not application.processes(), 5, "left processes to end")
    finally:
        application.kill_everything()

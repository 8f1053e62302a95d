"""Fixtures of the tests that run the installed command; it also puts this folder on the path."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from command_support import Application, wait_until


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

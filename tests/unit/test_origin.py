"""Where a submission came from, as it is stored with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from taipy_exec.config.application import AppConfig
from taipy_exec.engine.origin import Origin, origin_of, origin_properties
from taipy_exec.model.job import SubmissionRecord

RECORD = SubmissionRecord(id="SUBMISSION_1", scenario="s", instance="i", name="s")


def test_paths_below_the_state_move_with_it() -> None:
    app = AppConfig(
        root=Path("/a/src"), state_dir=Path("/a/src/.taipy-exec"), source=Path("/a/src/c/good.toml")
    )
    record = replace(RECORD, properties=origin_properties(app))
    moved = origin_of(record, Path("/b/.taipy-exec"))
    assert moved == Origin(file=Path("/b/c/good.toml"), root=Path("/b"))


def test_paths_elsewhere_stay() -> None:
    app = AppConfig(
        root=Path("/a/lib"), state_dir=Path("/state/a"), main_file=Path("/a/lib/main.py")
    )
    record = replace(RECORD, properties=origin_properties(app))
    found = origin_of(record, Path("/other/state"))
    assert found == Origin(file=Path("/a/lib/main.py"), root=Path("/a/lib"))


@pytest.mark.parametrize(
    "stored", [{}, {"application": 1}, {"application": {}}, {"application": {"file": "x"}}]
)
def test_what_is_not_stored_is_not_known(stored: dict[str, Any]) -> None:
    assert origin_of(replace(RECORD, properties=stored), Path("/state")) is None

"""docs/modes.md says what the suite "a job is ordinary Python" tests."""

from __future__ import annotations

from pathlib import Path

from tools.table_of_ordinary_python import filled

PAGE = Path(__file__).parents[2] / "docs" / "modes.md"


def test_the_table_is_the_one_of_now() -> None:
    text = PAGE.read_text("utf-8")
    assert filled(text) == text, "write it anew with: make man"

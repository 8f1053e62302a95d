"""The line of each table and key of a TOML file, whatever texts and lists come before it."""

from __future__ import annotations

from pathlib import Path

import pytest

from taipy_exec.config.toml_file import read_toml

# A key with a value, and how many lines they take.
ENTRIES = [
    ('a = "x"', 1),
    ('a = ""', 1),
    ('a = "[ # {"', 1),
    ("a = '\"'", 1),
    ('a = "\\" ["', 1),
    ('a = "\\\\"', 1),
    ('a = ["x", "]", ""]  # more [', 1),
    ('a = [["x"], ["y"]]', 1),
    ('a = { b = "}" }', 1),
    ('a = [\n  "x",  # ]\n  "k = 1",\n]', 4),
    ('a = """x"""', 1),
    ('a = """x "y" z"""', 1),
    ('a = """x "y\nk = 1\n"""', 3),
    ("a = '''\nk = 1\n'''", 3),
    ('a = """\\"""\nk = 1"""', 2),
    ('a = ["""\n[t]\n""", "x"]', 3),
    ("a = 1", 1),
]


@pytest.mark.parametrize(("entry", "lines"), ENTRIES, ids=[entry for entry, _ in ENTRIES])
def test_the_key_after_an_entry_has_its_line(tmp_path: Path, entry: str, lines: int) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f'[one."two.three"]\n{entry}\nk = 2\n[four.five]\nk.l = 3\n', "utf-8")
    found = read_toml(path)
    assert found.line("one", "two.three", "a") == 2
    assert found.line("one", "two.three", "k") == 2 + lines
    assert found.line("four", "five") == 3 + lines
    assert found.line("four", "five", "k", "l") == 4 + lines

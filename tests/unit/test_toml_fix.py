"""A file that is no TOML: the line, a caret, and what is probably wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from taipy_exec.config.problem import Problem
from taipy_exec.config.toml_file import read_toml
from taipy_exec.errors import ConfigurationError


def problem_of(folder: Path, text: str) -> Problem:
    path = folder / "config.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        read_toml(path)
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ('a = ["x" "y"]', "is a comma missing between two values?"),
        ('a = ["x"\nb = 1\n', "is a ] missing at the end of the list?"),
        ('a = ["x"\n', "is a ] missing at the end of the list?"),
        ("a = {x = 1 y = 2}", "is a comma missing between two values?"),
        ("a = {x = 1", "is a } missing at the end of the table?"),
        ("a = True", "write true in lower case"),
        ("a = None", "TOML has no None: leave the key out"),
        ("a = mod.f:function", 'put the text in quotes: "mod.f:function"'),
        (r"a = C:\it's", r"""put the text in quotes: "C:\\it's" """.strip()),
        (r"a = C:\data", r"put the text in quotes: 'C:\data'"),
        (r"a = 3:\int", r"put a value with a : in quotes: '3:\int'"),
        ("a = @x", "put the text in quotes"),
        ("a =\n", "a value is missing after the ="),
        ("a = = 1", "remove one ="),
        ('a = "x', "is a quote missing at the end of the text?"),
        ("a = 'x", "is a quote missing at the end of the text?"),
        ('a = "x\nb = 1', "is a quote missing at the end of the text?"),
        (r'a = "C:\data"', r"write \\ for \, or put the text in single quotes"),
        ('a = ["x"],', "remove the comma"),
        ("a = 3:int", 'put a value with a : in quotes: "3:int"'),
        ('a = "say "hi""', r"Write a quote inside a text as \""),
        ("a = 1 2", "write one key = value in each line"),
        ("a: 1", "write = between a key and its value, not :"),
        ("a 1", "is the = between the key and its value missing?"),
        ("[TASK.t\n", "is a ] missing at the end of the section's name?"),
        ("[TASK t]\n", "Put a name with a space in quotes"),
        ("a = 1\na = 2\n", "the key is given twice: remove one"),
        ("[a]\n[a]\n", "the section is given twice"),
        ("= 1", "begin the line with a key, a [section] or a #"),
    ],
)
def test_the_likely_fix_is_told(tmp_path: Path, text: str, fix: str) -> None:
    assert fix in problem_of(tmp_path, text).message


def test_a_caret_shows_the_place_in_the_line(tmp_path: Path) -> None:
    problem = problem_of(tmp_path, '[TASK.t]\n\tinputs = ["a" "b"]\n')
    assert problem.excerpt == '2 |     inputs = ["a" "b"]\n  |                   ^'
    assert "excerpt" not in problem.as_json()


@pytest.mark.parametrize("next_entry", ["b = 1", "\n[TASK.t]", "# a comment\n[TASK.t]"])
def test_a_list_without_an_end_is_shown_and_not_the_entry_after_it(
    tmp_path: Path, next_entry: str
) -> None:
    problem = problem_of(tmp_path, f'x = 1\na = ["x"\n{next_entry}\n')
    assert problem.line == 2
    assert problem.excerpt == '2 | a = ["x"\n  |         ^'


def test_where_the_file_ends_too_early_the_last_line_is_shown(tmp_path: Path) -> None:
    assert problem_of(tmp_path, 'a = ["x"\n\n').excerpt == '1 | a = ["x"\n  |         ^'


@pytest.mark.parametrize(
    "text",
    [
        "db_password = hidden",
        'broker_url = "amqp://u:hidden@host',
        "db_password = 'hidden\n",
        "api_token = hidden",
        "default_data = {apiKey: 'hidden'}",
        'read_fct_params = ["postgresql://u:hidden@host',
        'uri = "mongodb://u:hid@den:hidden@host/x" x',
        "uri = redis://:hidden@host",
        'db_password = """\nhidden " \\x\n"""',
        'token = [\n"hidden" "other"]',
        "[TASK.t.environment]\nPLAIN = hidden",
        "[DATA_NODE.a.db_extra_args]\nuser = hidden",
        "[TASK.t]\nenvironment = {A = hidden}",
    ],
)
def test_a_line_with_a_secret_is_not_shown(tmp_path: Path, text: str) -> None:
    problem = problem_of(tmp_path, text)
    assert "hidden" not in f"{problem.message}{problem.excerpt}{problem.value}"


def test_of_a_long_line_only_the_part_around_the_place_is_shown(tmp_path: Path) -> None:
    names = [f'"name_{number}"' for number in range(100)]
    line = f"inputs = [{', '.join(names[:50])} {', '.join(names[50:])}]"
    problem = problem_of(tmp_path, line)
    shown, caret = (problem.excerpt or "").split("\n")
    assert len(shown) < 110
    assert shown.startswith("1 | ...") and shown.endswith("...")
    assert shown[caret.index("^") :].startswith('"name_50"')
    assert len(problem.message) < 250

"""The command line as it is stored: what was typed, without secrets."""

from __future__ import annotations

import pytest

from taipy_exec.config.command_line import command_text
from taipy_exec.config.redaction import redaction


def told(*arguments: str) -> str:
    return command_text(["/usr/bin/python3", *arguments], redaction(None))


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["-m", "taipy_exec", "submit", "a b"], "taipy-exec submit 'a b'"),
        (["/venv/bin/taipy-exec", "retry", "1b2c"], "taipy-exec retry 1b2c"),
        (["/x/taipy_exec/__main__.py", "submit"], "taipy-exec submit"),
        (["-X", "dev", "-W", "error", "-m", "taipy_exec", "run"], "taipy-exec run"),
        (["main.py", "--fast"], "python main.py --fast"),
        (["-m", "mine.jobs", "now"], "python -m mine.jobs now"),
        (["-c", "password = 'hunter2'"], "python -c ..."),
        ([], "python"),
    ],
)
def test_a_command_is_told_as_it_was_typed(arguments: list[str], text: str) -> None:
    assert told(*arguments) == text


@pytest.mark.parametrize(
    "arguments",
    [
        ["--set", "db_password=hunter2"],
        ["--set", "API-KEY=hunter2"],
        ["--token", "hunter2"],
        ["--broker-password=hunter2"],
        ["--broker-password=hunter2=7"],
        ["--set=api_token=hunter2"],
        ["--sweep=api_token=hunter2,other"],
        ["--broker-url", "amqp://me:hunter2@host/"],
        ["postgresql://me:hunter2@host/base"],
    ],
)
def test_secrets_are_left_out(arguments: list[str]) -> None:
    text = told("-m", "taipy_exec", "submit", *arguments)
    assert "hunter2" not in text
    assert "***" in text


def test_values_and_files_that_are_no_secrets_stay() -> None:
    text = told("main.py", "--set", "window=7", "--token-file", "t.txt", "--set", "empty_token=")
    assert text == "python main.py --set window=7 --token-file t.txt --set empty_token="


def test_a_long_command_is_cut() -> None:
    assert len(told("main.py", "x" * 100_000)) == 2_000

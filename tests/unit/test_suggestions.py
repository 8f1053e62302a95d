"""What is suggested for a command or an option that does not exist."""

from __future__ import annotations

import pytest

from taipy_exec.cli.help_page import GROUPS, plain_name
from taipy_exec.cli.suggestions import (
    COMMANDS_ELSEWHERE,
    OPTIONS_ELSEWHERE,
    closest,
    did_you_mean,
)

COMMANDS = [name for of in GROUPS.values() for name in of]
OPTIONS = ["--workers", "--force", "--mode", "--metrics-port", "--metrics-host", "--timeout"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("sumbit", ["submit"]),
        ("stat", ["status"]),
        ("ls", ["status"]),
        ("rerun", ["retry"]),
        ("worker", ["run-worker"]),
        ("xyzzy", []),
    ],
)
def test_the_likeliest_command_is_suggested(typed: str, meant: list[str]) -> None:
    assert closest(typed, COMMANDS, COMMANDS_ELSEWHERE) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("--worker", ["--workers"]),
        ("--wokers", ["--workers"]),
        ("--jobs", ["--workers"]),
        ("--metrics", ["--metrics-port", "--metrics-host"]),
        ("--time", ["--timeout"]),
        ("--xyzzy", []),
    ],
)
def test_the_likeliest_option_comes_first(typed: str, meant: list[str]) -> None:
    assert closest(typed, OPTIONS, OPTIONS_ELSEWHERE) == meant


def test_words_of_other_tools_lead_to_commands_that_exist() -> None:
    assert set(COMMANDS_ELSEWHERE.values()) <= set(COMMANDS)
    assert not set(COMMANDS_ELSEWHERE) & set(COMMANDS)


def test_a_suggestion_is_a_question() -> None:
    assert did_you_mean(["a", "b"]) == "; did you mean a or b?"
    assert did_you_mean([]) == ""


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("[APP]", "[APP]"),
        ("{APP}", "APP"),
        ("[[SUBMISSION]]", "[SUBMISSION]"),
        ("[[SUBMISSION|JOB]]", "[SUBMISSION|JOB]"),
        ("[[N...]]...", "[N]..."),
        ("[ARGS]...", "[ARGS]..."),
        ("[OPTIONS]", "[OPTIONS]"),
    ],
)
def test_brackets_are_for_what_is_optional(name: str, shown: str) -> None:
    assert plain_name(name) == shown

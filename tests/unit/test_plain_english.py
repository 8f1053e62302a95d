"""The prose linter of `make check`: what it reads, what it finds, and that its vocabulary holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.plain_english import (
    findings,
    main,
    newest_section,
    prose_of_code,
    prose_of_page,
    vocabulary,
)

PHRASES = vocabulary()


def words(text: str) -> list[str]:
    return [finding.words for finding in findings(prose_of_page(text), PHRASES)]


@pytest.mark.parametrize(
    "text",
    [
        "`plan` tells what would run.",
        "What is not known is `null`.",
        "A file. What lies there is removed.",
        "- Whoever resumes the submission takes it over.",
        "Where nothing is left to run, the exit code is 2.",
        "Of a log the last 100 kB are kept.",
        "Passwords belong into the environment.",
        "It is carried\non by `resume`.",
        "| a table of ours | ours |",
        "The old value, else the new one.",
    ],
)
def test_a_sentence_that_is_hard_to_read_is_found(text: str) -> None:
    assert words(text)


@pytest.mark.parametrize(
    "text",
    [
        "```console\n$ echo tell\n```\n",
        "   ```console\n   $ echo tell\n   ```\n",
        "Use `tell` and ``tell `it` ``.",
        "See [the page](https://example.org/tell).",
        "<!-- tell -->",
        "## What a job may do\n\nA task is ordinary Python.",
        "What does Ctrl-C do? It stops the run.",
        "| What is different? | How do I migrate? |",
        "## Where things are\n\nThe state, the data and the logs.",
        "Half of it is written. The order waits behind a long job.",
        "Otherwise the exit code is 3.",
    ],
)
def test_code_and_good_sentences_are_left_alone(text: str) -> None:
    assert words(text) == []


def test_a_finding_names_the_line_and_better_words() -> None:
    (finding,) = findings("One.\n\n`plan` tells\nall.\n", PHRASES)
    assert finding.line == 3
    assert str(finding) == "'tells': write show, report, print or say"


def test_published_sections_of_the_changelog_are_not_read() -> None:
    text = "# Changelog\n\n## [Unreleased]\n\n- new\n\n## [1.0]\n\n- It tells.\n"
    assert "new" in newest_section(text)
    assert "tells" not in newest_section(text)


def test_docstrings_comments_and_messages_of_code_are_read_and_sql_is_not() -> None:
    source = '''"""It tells how."""
# It tells why.
NAME = "tells"
raise ValueError(f"it tells {NAME} what to do")
QUERY = "SELECT tells FROM a WHERE b"
'''
    found = [at for line, prose in prose_of_code(source) for at in findings(prose, PHRASES, line)]
    assert sorted(finding.line for finding in found) == [1, 2, 4]


def test_the_exit_code_is_1_if_a_page_has_a_finding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text("It shows the way.\n")
    assert main([str(page)]) == 0
    page.write_text("It shows.\n\nIt tells the way.\n")
    assert main([str(page)]) == 1
    assert f"{page}:3: 'tells'" in capsys.readouterr().out


def test_the_documentation_has_no_finding(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0, capsys.readouterr().out

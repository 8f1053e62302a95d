"""Find the likely mistake in an invalid TOML file, and show its line with a caret."""

from __future__ import annotations

import re

_WORD = re.compile(r"[A-Za-z_][^\s,#\]}]*")
_NEXT_ENTRY = re.compile(r"\s*(\[|[\w.\"'-]+\s*=)")
_TAB = "    "
_CUT = "..."
_LONGEST_EXCERPT = 90


def likely_fix(what: str, line: str, column: int) -> str | None:
    """The change that is probably needed, by the parser's message; None if it is unclear.

    `column` counts from 1 in `line`. It is after the end of the line if the file ended too early.
    """
    rest = line[column - 1 :]
    for beginning, fix in _FIXES:
        if what.startswith(beginning):
            return fix(line, rest)
    return None


def excerpt(line: str, number: int, column: int) -> str:
    """The line with its number, and a caret below the column; long lines are cut."""
    head = f"{number} | "
    begin = _begin(line, column, _LONGEST_EXCERPT)
    before = f"{_CUT if begin else ''}{line[begin : column - 1]}".replace("\t", _TAB)
    shown = around(line, column, _LONGEST_EXCERPT).replace("\t", _TAB).rstrip()
    return f"{head}{shown}\n{' ' * (len(head) - 2)}| {' ' * len(before)}^"


def around(line: str, column: int, longest: int) -> str:
    """The line, or the characters around the column if the line is long."""
    if len(line) <= longest:
        return line
    begin = _begin(line, column, longest)
    end = begin + longest
    return f"{_CUT if begin else ''}{line[begin:end]}{_CUT if end < len(line) else ''}"


def _begin(line: str, column: int, longest: int) -> int:
    if len(line) <= longest:
        return 0
    return max(min(column - 1 - longest // 2, len(line) - longest), 0)


def _value(line: str, rest: str) -> str:
    word = _WORD.match(rest)
    if not rest.strip() or rest.lstrip().startswith("#"):
        return "a value is missing after the ="
    if rest.startswith("="):
        return "remove one ="
    if word is None:
        return "put the text in quotes"
    if word[0].lower() in ("true", "false"):
        return f"write {word[0].lower()} in lower case"
    if word[0].lower() in ("none", "null", "nil"):
        return f"TOML has no {word[0]}: leave the key out"
    return f"put the text in quotes: {_quoted(word[0])}"


def _quoted(text: str) -> str:
    """As a TOML text; a backslash stays as it is in single quotes only."""
    if "\\" in text and "'" not in text:
        return f"'{text}'"
    escaped = text.replace("\\", r"\\").replace('"', r"\"")
    return f'"{escaped}"'


def _list(line: str, rest: str) -> str:
    if not rest.strip() or _NEXT_ENTRY.match(rest):
        return "is a ] missing at the end of the list?"
    return "is a comma missing between two values?"


def _table(line: str, rest: str) -> str:
    if not rest.strip():
        return "is a } missing at the end of the table?"
    return "is a comma missing between two values? A table in braces must be on one line"


def _after_value(line: str, rest: str) -> str:
    if rest.startswith(","):
        return "remove the comma: it separates the values of a list, not lines"
    if rest.startswith(":"):
        value = line.partition("=")[2].strip()
        return f"put a value with a : in quotes: {_quoted(value)}"
    if '"' in line:
        return 'is a quote missing? Write a quote inside a text as \\"'
    return "put texts in quotes, and write one key = value in each line"


def _after_key(line: str, rest: str) -> str:
    if rest.startswith(":"):
        return "write = between a key and its value, not :"
    return "is the = between the key and its value missing?"


def _header(line: str, rest: str) -> str:
    if " " in line.strip():
        return "is a ] missing? Put a name with a space in quotes"
    return "is a ] missing at the end of the section's name?"


_QUOTE = "is a quote missing at the end of the text?"
_FIXES = (
    ("Invalid value", _value),
    ("Unclosed array", _list),
    ("Unclosed inline table", _table),
    ("Unterminated string", lambda line, rest: _QUOTE),
    ("Illegal character '\\n'", lambda line, rest: _QUOTE),
    ('Expected "\'"', lambda line, rest: _QUOTE),
    ("Unescaped '\\'", lambda line, rest: r"write \\ for \, or put the text in single quotes"),
    ("Expected newline", _after_value),
    ("Expected '=' after a key", _after_key),
    ("Expected ']", _header),
    ("Cannot overwrite", lambda line, rest: "the key is given twice: remove one"),
    (
        "Cannot declare",
        lambda line, rest: "the section is given twice: put its keys together, or rename one",
    ),
    ("Invalid statement", lambda line, rest: "begin the line with a key, a [section] or a #"),
)

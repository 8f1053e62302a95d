"""The likely mistake in a file that is not TOML, and its line with a caret below."""

from __future__ import annotations

import re

_WORD = re.compile(r"[A-Za-z_][^\s,#\]}]*")
_NEXT_ENTRY = re.compile(r"\s*(\[|[\w.\"'-]+\s*=)")
_TAB = "    "
_CUT = "..."
_LONGEST_EXCERPT = 90


def likely_fix(what: str, line: str, column: int) -> str | None:
    """The change that is probably needed, by the parser's message; None where nobody can guess.

    `column` counts from 1 in `line`, and is behind its end where the file ended too early.
    """
    rest = line[column - 1 :]
    for beginning, fix in _FIXES:
        if what.startswith(beginning):
            return fix(line, rest)
    return None


def excerpt(line: str, number: int, column: int) -> str:
    """The line with its number, and a caret below the column; of a long line the part around."""
    head = f"{number} | "
    begin = _begin(line, column, _LONGEST_EXCERPT)
    before = f"{_CUT if begin else ''}{line[begin : column - 1]}".replace("\t", _TAB)
    shown = around(line, column, _LONGEST_EXCERPT).replace("\t", _TAB).rstrip()
    return f"{head}{shown}\n{' ' * (len(head) - 2)}| {' ' * len(before)}^"


def around(line: str, column: int, longest: int) -> str:
    """The line, or so many characters of it around the column."""
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
        return "one = is too many"
    if word is None:
        return "a text is written in quotes"
    if word[0].lower() in ("true", "false"):
        return f"TOML writes {word[0].lower()} in small letters"
    if word[0].lower() in ("none", "null", "nil"):
        return f"TOML has no {word[0]}: leave the key out"
    return f'a text is written in quotes: "{word[0]}"'


def _list(line: str, rest: str) -> str:
    if not rest.strip() or _NEXT_ENTRY.match(rest):
        return "is a ] missing at the end of the list?"
    return "is a comma missing between two values?"


def _table(line: str, rest: str) -> str:
    if not rest.strip():
        return "is a } missing at the end of the table?"
    return "is a comma missing between two values? A table in braces stays on one line"


def _after_value(line: str, rest: str) -> str:
    if rest.startswith(","):
        return "remove the comma: it separates the values of a list, and not the lines"
    if rest.startswith(":"):
        value = line.partition("=")[2].strip()
        return f'a value with a : is written in quotes: "{value}"'
    if '"' in line:
        return 'is a quote missing? A quote inside a text is written \\"'
    return "a text is written in quotes, and each line has one key = value"


def _after_key(line: str, rest: str) -> str:
    if rest.startswith(":"):
        return "TOML writes = between a key and its value, and not :"
    return "is the = between the key and its value missing?"


def _header(line: str, rest: str) -> str:
    if " " in line.strip():
        return "is a ] missing? A name with a space is written in quotes"
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
    ("Cannot overwrite", lambda line, rest: "the key is there twice: remove one"),
    (
        "Cannot declare",
        lambda line, rest: "the section is there twice: put its keys together, or rename one",
    ),
    ("Invalid statement", lambda line, rest: "a line begins with a key, a [section] or a #"),
)

"""Read a TOML file together with the line of each table and key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from taipy_exec.config.problem import Problem
from taipy_exec.config.secrets import discreet_line
from taipy_exec.config.vocabulary import SECRET_TABLES
from taipy_exec.errors import ConfigurationError

_HEADER = re.compile(r"\s*\[\[?\s*([^\]#]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*((?:"[^"]*"|'[^']*'|[\w-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[\w-]+))*)\s*=""")
# A line that opens nothing, with texts in double quotes and flat lists only: most lines.
_TEXT = r"""[^"'#{}\[\]]++|"(?!"")[^"\\]*+\""""
_COMPLETE = re.compile(rf"(?:{_TEXT}|\[(?:{_TEXT})*+\])*+")
_SIGN = re.compile(r"""[#"'{}\[\]]""")
_HIDDEN_TABLE = re.compile("|".join((*SECRET_TABLES, "environment")))
_LONGEST_SOURCE = 60  # characters of a line in a message
_PART = re.compile(r""""([^"]*)"|'([^']*)'|([\w-]+)""")


@dataclass(frozen=True, slots=True, kw_only=True)
class TomlFile:
    """The contents of a file. `lines` maps a dotted path of names to its line, from 1."""

    path: Path
    values: Mapping[str, object]
    lines: Mapping[tuple[str, ...], int] = field(default_factory=dict)

    def line(self, *names: str | None) -> int | None:
        """The line of the deepest of `names` that the file has."""
        path = tuple(name for name in names if name is not None)
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[:-1]
        return None


def read_toml(path: Path) -> TomlFile:
    """Read `path`. Raises ConfigurationError with the place of the error."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigurationError(
            f"there is no file {path}", "give the path of a config.toml, or run taipy-exec init"
        ) from None
    except IsADirectoryError:
        raise ConfigurationError(f"{path} is a folder, not a TOML file") from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"{path} is not UTF-8 text (byte {error.start})", "save it as UTF-8"
        ) from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from None
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(path, text, str(error)) from None
    return TomlFile(path=path, values=values, lines=_line_map(text))


def _syntax_error(path: Path, text: str, message: str) -> ConfigurationError:
    place = re.search(r"\(at line (\d+), column (\d+)\)|\(at end of document\)", message)
    what = re.sub(r"\s*\(at .*\)$", "", message)
    lines = text.split("\n")
    if place and place[1]:
        number, column = int(place[1]), int(place[2])
    else:
        number, column = len(lines), len(lines[-1]) + 1
    if what.startswith("Unclosed array"):
        number, column = _end_of_list(lines, number, column)
    return _told(path, what, lines, number, column)


def _end_of_list(lines: list[str], number: int, column: int) -> tuple[int, int]:
    """The parser finds only the next entry; the list ends on the line before."""
    if lines[number - 1][: column - 1].strip():
        return number, column
    earlier = [n for n in range(1, number) if lines[n - 1].partition("#")[0].strip()]
    return (earlier[-1], len(lines[earlier[-1] - 1].rstrip()) + 1) if earlier else (number, column)


def _told(path: Path, what: str, lines: list[str], number: int, column: int) -> ConfigurationError:
    from taipy_exec.config.toml_fix import around, likely_fix

    raw = lines[number - 1].rstrip("\r") if number <= len(lines) else ""
    # The file cannot be read well enough to find the secret.
    source = "" if _may_hold_secret(lines, number) else raw.strip()
    fix = likely_fix(what, raw, column) if source == raw.strip() else None
    shown = around(source, column, _LONGEST_SOURCE)
    told = f"this is not valid TOML: {what}" + (f" in `{shown}`" if shown else "")
    problem = Problem(
        message=f"{told}; {fix}" if fix else told,
        file=str(path),
        line=number,
        value=source or None,
        excerpt=_excerpt(lines, number, column),
    )
    return ConfigurationError(str(problem), "correct this line", problems=[problem])


def _excerpt(lines: list[str], number: int, column: int) -> str | None:
    """The wrong line, or the last line if the file ended too early."""
    from taipy_exec.config.toml_fix import excerpt

    while number > 1 and (number > len(lines) or not lines[number - 1].strip()):
        number -= 1
        column = len(lines[number - 1]) + 1
    raw = lines[number - 1].rstrip("\r")
    hidden = _may_hold_secret(lines, number)
    return None if hidden or not raw.strip() else excerpt(raw, number, column)


def _may_hold_secret(lines: list[str], number: int) -> bool:
    """Whether a line, the entry that it belongs to, or its table may hold a secret."""
    in_entry = True
    for line in reversed(lines[:number]):
        if in_entry and (discreet_line(line) != line.strip() or _HIDDEN_TABLE.search(line)):
            return True
        if _HEADER.match(line):
            return bool(_HIDDEN_TABLE.search(line))
        in_entry = in_entry and not _KEY.match(line)
    return False


def _line_map(text: str) -> dict[tuple[str, ...], int]:
    """The line of every table and key, by a scan that knows strings and brackets.

    Only for messages: a construct that it misreads costs a line number, nothing else.
    """
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    depth, quote = 0, ""
    for number, line in enumerate(text.split("\n"), 1):
        if not depth and not quote:
            header = _HEADER.match(line)
            key = None if header else _KEY.match(line)
            if header:
                table = _names(header[1])
                for end in range(1, len(table) + 1):
                    lines.setdefault(table[:end], number)
                continue
            if key:
                path = table + _names(key[1])
                for end in range(len(table) + 1, len(path) + 1):
                    lines.setdefault(path[:end], number)
        if depth or quote or not _COMPLETE.fullmatch(line):
            depth, quote = _scan(line, depth, quote)
    return lines


def _names(dotted: str) -> tuple[str, ...]:
    if dotted.isidentifier():
        return (dotted,)
    return tuple(a or b or c for a, b, c in _PART.findall(dotted))


def _scan(line: str, depth: int, quote: str) -> tuple[int, str]:
    """Bracket depth and open multi-line quote at the end of `line`."""
    at = 0
    while at < len(line):
        if quote:
            end = line.find(quote, at)
            if end < 0:
                return depth, quote if len(quote) == 3 else ""
            before = line[at:end]
            if quote[0] == '"' and (len(before) - len(before.rstrip("\\"))) % 2:
                at = end + 1
                continue
            at, quote = end + len(quote), ""
            continue
        found = _SIGN.search(line, at)
        if found is None or found[0] == "#":
            break
        char, at = found[0], found.start()
        if char in "\"'":
            quote = line[at : at + 3] if line[at : at + 3] == char * 3 else char
            at += len(quote)
            continue
        depth += 1 if char in "[{" else -1
        at += 1
    return max(depth, 0), quote if len(quote) == 3 else ""

"""Values for a sweep that are typed on the command line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from typing import Any

from taipy_exec.config.secrets import MASK, says_secret
from taipy_exec.errors import UsageError
from taipy_exec.operations.given_values import parse_value

_CLOSING = {"[": "]", "{": "}"}


def swept_values(given: Sequence[str] | None) -> dict[str, list[Any]]:
    """Data node -> values, from `--sweep`; without that option, from the environment.

    Raises UsageError for text that is not NODE=VALUE,VALUE and for a data node that comes twice.
    """
    found: dict[str, list[Any]] = {}
    for item in given or os.environ.get("TAIPY_EXEC_SWEEP", "").splitlines():
        node, separator, text = item.partition("=")
        node = node.strip()
        if not separator or not node:
            raise UsageError(
                f"--sweep takes NODE=VALUE,VALUE, not {item!r}", "for example --sweep window=7,14"
            )
        if node in found:
            raise UsageError(
                f"--sweep names data node {node} twice",
                f"put all its values into one: --sweep {node}=7,14",
            )
        found[node] = parse_values(node, text)
    return found


def parse_values(node: str, text: str) -> list[Any]:
    """The values of a data node: a JSON list, or values with commas between, each JSON or text.

    Commas within quotes, brackets and braces belong to the value. Raises UsageError for an empty
    value.
    """
    try:
        whole = json.loads(text)
    except ValueError:
        whole = None
    if isinstance(whole, list):
        return whole
    if not text.strip():
        return []
    values = []
    for part in split_values(text):
        if not part:
            raise UsageError(
                f"--sweep {node}={MASK if says_secret(node) else text} has an empty value",
                'leave out the comma, or write "" for an empty text',
            )
        values.append(parse_value(part))
    return values


def split_values(text: str) -> Iterator[str]:
    """The parts of a text between its commas, without the blanks around them."""
    start = 0
    while start <= len(text):
        end = _end_of_value(text, start)
        yield text[start:end].strip()
        start = end + 1


def _end_of_value(text: str, start: int) -> int:
    """Where the value that begins at `start` ends: at a comma that is not within it."""
    first = text[start:].lstrip()[:1]
    plain = text.find(",", start)
    plain = len(text) if plain < 0 else plain
    if first not in ('"', "[", "{"):
        return plain
    open_brackets: list[str] = []
    quoted = escaped = False
    for place in range(start, len(text)):
        letter = text[place]
        if quoted:
            quoted = escaped or letter != '"'
            escaped = letter == "\\" and not escaped
        elif letter == '"':
            quoted = True
        elif letter in _CLOSING:
            open_brackets.append(_CLOSING[letter])
        elif open_brackets and letter == open_brackets[-1]:
            open_brackets.pop()
        elif letter == "," and not open_brackets:
            return place
    # Text with an open bracket or quote is not JSON, so it is a text like any other.
    return plain if quoted or open_brackets else len(text)

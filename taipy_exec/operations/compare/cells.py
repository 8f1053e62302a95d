"""From the values of data nodes to columns and cells. Pure: it reads nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from taipy_exec.config.secrets import MASK, says_secret
from taipy_exec.views.value_json import as_json
from taipy_exec.views.words import shortened

# A value that is shown without --node has at most so many characters, as JSON; a mapping that gets
# a column for each of its entries has at most so many.
_SMALL = 200
_MOST_ENTRIES = 8
_LONGEST_CELL = 60


class NotWritten:
    """The value in place of one that was never written."""

    def __repr__(self) -> str:
        return "never written"


NOT_WRITTEN = NotWritten()


def is_small(value: object) -> bool:
    """Whether a value is shown without --node."""
    if value is NOT_WRITTEN:
        return True
    plain = as_json(value)
    return not _is_table(plain) and len(json.dumps(plain, ensure_ascii=False)) <= _SMALL


def columns(node: str, values: Sequence[object]) -> list[tuple[str, list[object]]]:
    """The columns for a data node, each with a cell for each instance.

    There is one column, or one for each entry if all values are small mappings to plain values.
    """
    plain = [value if value is NOT_WRITTEN else as_json(value) for value in values]
    written = [value for value in plain if value is not NOT_WRITTEN]
    names = dict.fromkeys(name for value in written if isinstance(value, Mapping) for name in value)
    if not written or not all(_is_flat(value) for value in written) or len(names) > _MOST_ENTRIES:
        return [(node, plain)]
    return [
        (
            f"{node}.{name}",
            [_entry(value, name) for value in plain],
        )
        for name in names
    ]


def _entry(value: object, name: str) -> object:
    if not isinstance(value, Mapping):
        return NOT_WRITTEN
    return MASK if says_secret(name) and value.get(name) else value.get(name)


def _is_flat(value: object) -> bool:
    return (
        isinstance(value, Mapping)
        and bool(value)
        and not any(isinstance(entry, Mapping | list) for entry in value.values())
    )


def _is_table(plain: object) -> bool:
    return isinstance(plain, Mapping) and set(plain) == {"columns", "rows"}


def cell_text(plain: Any) -> str:
    """A cell for people: short, and on one line."""
    if plain is NOT_WRITTEN:
        return "-"
    if isinstance(plain, str):
        return shortened(plain, _LONGEST_CELL)
    if isinstance(plain, bool) or plain is None:
        return json.dumps(plain)
    if isinstance(plain, float):
        return f"{plain:.6g}"
    if _is_table(plain):
        return f"table, {len(plain['rows'])} x {len(plain['columns'])}"
    text = json.dumps(plain, ensure_ascii=False)
    if len(text) <= _LONGEST_CELL:
        return text
    if isinstance(plain, list):
        return f"list of {len(plain)}"
    if isinstance(plain, Mapping):
        return f"{len(plain)} entries"
    return shortened(text, _LONGEST_CELL)


def is_number(plain: object) -> bool:
    """Whether a cell is aligned to the right."""
    return isinstance(plain, int | float) and not isinstance(plain, bool)


def cell_csv(plain: object) -> str:
    """A cell of a CSV file: a text as it is, other values as JSON, empty if never written."""
    if plain is NOT_WRITTEN or plain is None:
        return ""
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)

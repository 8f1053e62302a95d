"""A short form of a value: a text, the first rows of a table, or a picture; without pandas."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from taipy_exec.config.secrets import MASK, says_secret
from taipy_exec.views.report.picture import file_of, picture_of
from taipy_exec.views.report.short_table import ShortTable, short_table
from taipy_exec.views.value_json import as_json

LONGEST_TEXT = 2_000
_LONGEST_ITEM = 300
_MOST_ITEMS = 20
_DEEPEST = 5
_LINE = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The short form of a value. `kind` is `text`, `table`, `image` or `none`.

    `text` is the value itself, or describes the table or picture; `image` is the address of a
    picture, as `data:`; `note` says why nothing is shown.
    """

    kind: str
    text: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    image: str = ""
    note: str = ""

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Preview:
        """From the object of JSON that `dataclasses.asdict` gives."""
        columns, rows = fields.get("columns", ()), fields.get("rows", ())
        return cls(**{**fields, "columns": tuple(columns), "rows": tuple(map(tuple, rows))})


def nothing(note: str) -> Preview:
    """A preview that shows nothing, with the reason."""
    return Preview(kind="none", note=note)


def preview(value: Any, redacted: Callable[[str], str], root: Path) -> Preview:
    """A short form of `value`, without secrets. Paths of pictures start from `root`."""
    if isinstance(value, ShortTable):
        return _of_table(value, "", redacted)
    found = picture_of(value) or file_of(value, root)
    if found is not None:
        return Preview(
            kind="image" if found.address else "text",
            image=found.address,
            text=_cut(redacted(found.told), LONGEST_TEXT),
        )
    several = _several_tables(value)
    if several is not None:
        name, count, value = several
        told = f"{name!r}, the first of {count}: " if count > 1 else f"{name!r}: "
    else:
        told = ""
    table = short_table(value)
    if table is not None:
        return _of_table(table, told, redacted)
    return Preview(kind="text", text=_cut(redacted(as_short_text(value)), LONGEST_TEXT))


def _of_table(table: ShortTable, told: str, redacted: Callable[[str], str]) -> Preview:
    hidden = {n for n, name in enumerate(table.columns) if says_secret(name)}
    rows = (
        tuple(MASK if n in hidden and cell else redacted(cell) for n, cell in enumerate(row))
        for row in table.rows
    )
    return Preview(
        kind="table",
        text=redacted(f"{told}{table.told}"),
        columns=tuple(map(redacted, table.columns)),
        rows=tuple(rows),
    )


def _several_tables(value: Any) -> tuple[str, int, Any] | None:
    """The first of several tables by name, such as the sheets of an Excel file."""
    if not isinstance(value, Mapping) or not value:
        return None
    items = list(islice(value.items(), _MOST_ITEMS))
    if not all(hasattr(table, "columns") and hasattr(table, "shape") for _, table in items):
        return None
    name, first = items[0]
    return str(name), len(value), first


# -- values as text -------------------------------------------------------------------------


def as_short_text(value: Any) -> str:
    """A value as text: a text as it is, other values as JSON without most of its long parts."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return f"{len(value):,} bytes"
    short = _shortened(value, 0)
    if isinstance(short, str):
        return short
    return _laid_out(short, "")


def _laid_out(value: Any, indent: str) -> str:
    """JSON with short values on one line each, and long lists of numbers in full lines."""
    flat = json.dumps(value, ensure_ascii=False, default=str)
    if len(flat) + len(indent) <= _LINE or not isinstance(value, dict | list):
        return flat
    inner = f"{indent}  "
    if isinstance(value, dict):
        lines = [
            f"{inner}{json.dumps(key, ensure_ascii=False)}: {_laid_out(item, inner)}"
            for key, item in value.items()
        ]
    elif any(isinstance(item, dict | list) for item in value):
        lines = [f"{inner}{_laid_out(item, inner)}" for item in value]
    else:
        lines = _filled([json.dumps(item, ensure_ascii=False) for item in value], inner)
    first, last = "{}" if isinstance(value, dict) else "[]"
    return "\n".join([first, ",\n".join(lines), f"{indent}{last}"])


def _filled(items: Sequence[str], indent: str) -> list[str]:
    lines = [indent]
    for item in items:
        if lines[-1] != indent and len(lines[-1]) + len(item) + 2 > _LINE:
            lines.append(indent)
        lines[-1] += item if lines[-1] == indent else f", {item}"
    return lines


def _shortened(value: Any, depth: int, name: object = None) -> Any:
    if isinstance(value, str):
        return MASK if value and says_secret(name) else _cut(value, _LONGEST_ITEM)
    if value is None or isinstance(value, bool | int | float):
        return as_json(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"{len(value):,} bytes"
    table = short_table(value) if depth else None
    if table is not None:
        return table.told
    if isinstance(value, Mapping):
        return _of_mapping(value, depth)
    if isinstance(value, Sequence | set | frozenset):
        return _of_sequence(value, depth)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: getattr(value, f.name, None) for f in dataclasses.fields(value)}
        return _of_mapping(fields, depth)
    if hasattr(value, "tolist") and getattr(value, "size", _MOST_ITEMS + 1) <= _MOST_ITEMS:
        return as_json(value)
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{type(value).__name__} of shape {value.shape}, {value.dtype}"
    return _of_object(value, depth)


def _of_mapping(value: Mapping[Any, Any], depth: int) -> Any:
    if depth >= _DEEPEST:
        return f"{{{len(value):,} entries}}"
    short = {
        _cut(str(key), _LONGEST_ITEM): _shortened(item, depth + 1, key)
        for key, item in islice(value.items(), _MOST_ITEMS)
    }
    if len(value) > _MOST_ITEMS:
        short["..."] = f"{len(value) - _MOST_ITEMS:,} more"
    return short


def _of_sequence(value: Any, depth: int) -> Any:
    if depth >= _DEEPEST:
        return f"[{len(value):,} items]"
    items = sorted(value, key=repr) if isinstance(value, set | frozenset) else value
    short = [_shortened(item, depth + 1) for item in islice(items, _MOST_ITEMS)]
    if len(value) > _MOST_ITEMS:
        short.append(f"... {len(value) - _MOST_ITEMS:,} more")
    return short


def _of_object(value: Any, depth: int) -> Any:
    kind = type(value)
    has_own_text = getattr(kind, "__repr__", None) is not getattr(object, "__repr__", None)
    if not has_own_text and hasattr(value, "__dict__"):
        shown = {k: v for k, v in vars(value).items() if not k.startswith("_")}
        return {kind.__name__: _of_mapping(shown, depth + 1)}
    plain = as_json(value) if kind.__module__ in ("datetime", "decimal", "uuid") else repr(value)
    return plain if isinstance(plain, int | float) else _cut(str(plain), LONGEST_TEXT)


def _cut(text: str, most: int) -> str:
    """The first part of a long text, and how much is left out."""
    if len(text) <= most:
        return text
    return f"{text[:most]}... ({len(text) - most:,} characters more)"

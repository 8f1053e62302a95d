"""`json`: readable files, with Taipy's tags for dates, enums and dataclasses."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import io
import json
import logging
from typing import TYPE_CHECKING, Any

from taipy_exec.config.problem import a
from taipy_exec.config.reference import realise
from taipy_exec.data.files import FileStorage, wrong_encoding
from taipy_exec.data.json_objects import kind_of, short
from taipy_exec.data.json_tags import TaggedDecoder
from taipy_exec.data.json_values import encoded
from taipy_exec.errors import DataError

if TYPE_CHECKING:
    from taipy_exec.data.node import DataNodeRef

_SHOWN = 3  # the most changes in one warning

log = logging.getLogger("taipy_exec")


class TaggedEncoder(json.JSONEncoder):
    """Writes a datetime, an enum member or a dataclass with Taipy's tags, for a user's decoder."""

    def default(self, o: Any) -> Any:
        kind = type(o)
        if isinstance(o, enum.Enum):
            return {
                "__type__": f"Enum-{kind.__module__}-{kind.__qualname__}-{o.name}",
                "__value__": o.value,
            }
        if isinstance(o, dt.datetime | dt.date):
            return {"__type__": "Datetime", "__value__": o.isoformat()}
        if dataclasses.is_dataclass(o) and not isinstance(o, type):
            return {
                "__type__": f"dataclass-{kind.__module__}-{kind.__qualname__}",
                "__value__": {f.name: getattr(o, f.name) for f in dataclasses.fields(o)},
            }
        return super().default(o)


class JsonFile(FileStorage):
    """`json.dump(indent=4)` and `json.load`, with the data node's encoder and decoder."""

    extension: str | None = "json"

    def read(self, node: DataNodeRef) -> Any:
        assert node.path is not None
        properties = node.config.properties
        decoder = realise(properties.get("decoder")) or TaggedDecoder
        encoding = properties.get("encoding", "utf-8")
        try:
            text = node.path.read_text(encoding=encoding)
            return json.loads(text, cls=decoder)
        except UnicodeDecodeError as error:
            raise wrong_encoding(encoding, error) from error
        except json.JSONDecodeError as error:
            if not text.strip():
                raise DataError("it is empty: no JSON") from error
            raise DataError(
                f"line {error.lineno}, column {error.colno} is not JSON: {error.msg}"
            ) from error

    def write(self, node: DataNodeRef, value: Any) -> None:
        properties = node.config.properties
        encoder = realise(properties.get("encoder"))
        if encoder is None and properties.get("decoder") is None:
            value, encoder = _as_json(node, value), json.JSONEncoder
        self._dump(node, value, encoder or TaggedEncoder)

    def _dump(self, node: DataNodeRef, value: Any, encoder: type[json.JSONEncoder]) -> None:
        encoding = node.config.properties.get("encoding", "utf-8")
        with self.write_bytes(node) as file:
            text = io.TextIOWrapper(file, encoding=encoding, write_through=True)
            try:
                json.dump(value, text, indent=4, cls=encoder)
            except (TypeError, ValueError, RecursionError) as error:
                found = _no_json(value, encoder)
                raise DataError(found or str(error)) from error
            text.flush()
            text.detach()

    def append(self, node: DataNodeRef, value: Any) -> None:
        held = self.read(node)
        if isinstance(held, dict):
            if not isinstance(value, dict):
                raise DataError(f"it holds a table: {a(kind_of(value))} cannot be appended to it")
            held.update(value)
        elif not isinstance(held, list):
            raise DataError(
                f"it holds {a(kind_of(held))}: only a list or a table can be appended to"
            )
        elif isinstance(value, list):
            held.extend(value)
        else:
            held.append(value)
        self.write(node, held)


def _as_json(node: DataNodeRef, value: Any) -> Any:
    """`value` as JSON. Logs a warning if a part of it will be read as another type."""
    found = encoded(value)
    if found.changes:
        more = len(found.changes) - _SHOWN
        log.warning(
            "data node %r: %s%s. Convert it, or use a pickle data node to get it back as it is.",
            node.config.id,
            "; ".join(found.changes[:_SHOWN]),
            f"; and {more} more" if more > 0 else "",
        )
    return found.tree


def _no_json(value: Any, encoder: type[json.JSONEncoder]) -> str:
    """The first part of `value` that is no JSON, with its place. Empty if none is found."""
    walk: list[tuple[str, Any, tuple[int, ...]]] = [("", value, ())]
    while walk:
        place, item, above = walk.pop()
        where = f"value{place}"
        if id(item) in above:
            return f"{where} contains itself"
        inside = (*above, id(item))
        if isinstance(item, dict):
            for key in item:
                if not isinstance(key, str | int | float | None):
                    return f"{where} has the key {short(key)}, a {kind_of(key)}: keys must be texts"
            parts = [(f"[{short(key)}]", part) for key, part in item.items()]
        elif isinstance(item, list | tuple):
            parts = [(f"[{number}]", part) for number, part in enumerate(item)]
        else:
            try:
                json.dumps(item, cls=encoder)
            except (TypeError, ValueError, RecursionError):
                fields = dataclasses.fields(item) if _is_object(item) else ()
                parts = [(f".{field.name}", getattr(item, field.name)) for field in fields]
                if not parts:
                    return f"{where} is {a(kind_of(item))}, which is no JSON"
            else:
                parts = []
        walk += [(place + step, part, inside) for step, part in reversed(parts)]
    return ""


def _is_object(item: Any) -> bool:
    return dataclasses.is_dataclass(item) and not isinstance(item, type)

"""`json`: readable files, with Taipy's tags for dates, enums and dataclasses."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import importlib
import io
import json
from typing import TYPE_CHECKING, Any

from taipy_exec.config.reference import realise
from taipy_exec.data.files import FileStorage, wrong_encoding
from taipy_exec.errors import DataError

if TYPE_CHECKING:
    from taipy_exec.data.node import DataNodeRef


class TaggedEncoder(json.JSONEncoder):
    """Writes a datetime, an enum member or a dataclass as `{"__type__", "__value__"}`."""

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


class TaggedDecoder(json.JSONDecoder):
    """Reads what `TaggedEncoder` wrote; any other table stays as it is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, object_hook=_untag, **kwargs)


def _untag(table: dict[str, Any]) -> Any:
    tag = table.get("__type__")
    if not isinstance(tag, str) or "__value__" not in table:
        return table
    kind, *parts = tag.split("-")
    value = table["__value__"]
    if kind == "Datetime":
        return dt.datetime.fromisoformat(value)
    if kind == "Enum" and len(parts) == 3:
        found = _class(parts[0], parts[1])
        if isinstance(found, type) and issubclass(found, enum.Enum):
            return found[parts[2]]
    if kind == "dataclass" and len(parts) == 2:
        found = _class(parts[0], parts[1])
        if dataclasses.is_dataclass(found) and isinstance(found, type):
            return found(**value)
    return table


def _class(module: str, name: str) -> Any:
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


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
        encoder = realise(properties.get("encoder")) or TaggedEncoder
        with self.write_bytes(node) as file:
            text = io.TextIOWrapper(
                file, encoding=properties.get("encoding", "utf-8"), write_through=True
            )
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
                raise DataError(f"it holds a table, to which a {_kind(value)} cannot be appended")
            held.update(value)
        elif not isinstance(held, list):
            raise DataError(f"it holds a {_kind(held)}: only a list or a table can be appended to")
        elif isinstance(value, list):
            held.extend(value)
        else:
            held.append(value)
        self.write(node, held)


def _no_json(value: Any, encoder: type[json.JSONEncoder]) -> str:
    """The first part of `value` that is no JSON, and where it is; empty if none is found."""
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
                    return f"{where} has the key {_short(key)}, a {_kind(key)}: keys must be texts"
            parts = [(f"[{_short(key)}]", part) for key, part in item.items()]
        elif isinstance(item, list | tuple):
            parts = [(f"[{number}]", part) for number, part in enumerate(item)]
        else:
            try:
                json.dumps(item, cls=encoder)
            except (TypeError, ValueError, RecursionError):
                fields = dataclasses.fields(item) if _is_object(item) else ()
                parts = [(f".{field.name}", getattr(item, field.name)) for field in fields]
                if not parts:
                    return f"{where} is a {_kind(item)}, which is no JSON"
            else:
                parts = []
        walk += [(place + step, part, inside) for step, part in reversed(parts)]
    return ""


def _is_object(item: Any) -> bool:
    return dataclasses.is_dataclass(item) and not isinstance(item, type)


def _kind(value: Any) -> str:
    kind = type(value)
    return (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )


def _short(key: Any) -> str:
    text = repr(key)
    return text if len(text) <= 40 else f"{text[:40]}..."

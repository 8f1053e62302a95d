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
            return json.loads(node.path.read_text(encoding=encoding), cls=decoder)
        except UnicodeDecodeError as error:
            raise wrong_encoding(encoding, error) from error
        except json.JSONDecodeError as error:
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
            json.dump(value, text, indent=4, cls=encoder)
            text.flush()
            text.detach()

    def append(self, node: DataNodeRef, value: Any) -> None:
        held = self.read(node)
        if isinstance(held, dict):
            held.update(value)
        elif isinstance(value, list):
            held.extend(value)
        else:
            held.append(value)
        self.write(node, held)

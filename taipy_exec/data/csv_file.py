"""`csv`: tables as pandas, NumPy or objects of the user's class."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

from taipy_exec.config.reference import realise
from taipy_exec.data.files import FileStorage, wrong_encoding
from taipy_exec.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from taipy_exec.data.node import DataNodeRef


class CsvFile(FileStorage):
    """Taipy's properties: encoding, has_header, exposed_type (pandas, numpy or a class)."""

    extension: str | None = "csv"

    def read(self, node: DataNodeRef) -> Any:
        assert node.path is not None
        properties = node.config.properties
        encoding = properties.get("encoding", "utf-8")
        has_header = properties.get("has_header", True)
        exposed = realise(properties.get("exposed_type", "pandas"))
        if isinstance(exposed, type):
            return _read_objects(node.path, encoding, has_header, exposed)
        pandas = _pandas()
        try:
            frame = pandas.read_csv(node.path, encoding=encoding, header=0 if has_header else None)
        except pandas.errors.EmptyDataError:
            frame = pandas.DataFrame()
        except UnicodeDecodeError as error:
            raise wrong_encoding(encoding, error) from error
        return frame.to_numpy() if exposed == "numpy" else frame

    def write(self, node: DataNodeRef, value: Any) -> None:
        properties = node.config.properties
        frame = _frame(value)
        with self.write_bytes(node) as file:
            frame.to_csv(
                file,
                index=False,
                header=properties.get("has_header", True),
                encoding=properties.get("encoding", "utf-8"),
            )

    def append(self, node: DataNodeRef, value: Any) -> None:
        assert node.path is not None
        encoding = node.config.properties.get("encoding", "utf-8")
        try:
            with node.path.open(encoding=encoding, newline="") as file:
                held = file.read()
        except FileNotFoundError:
            held = ""
        if held and not held.endswith("\n"):
            held += "\n"
        rows = _frame(value).to_csv(index=False, header=False)
        with self.write_bytes(node) as target:
            target.write((held + rows).encode(encoding))


def _read_objects(path: Path, encoding: str, has_header: bool, cls: type) -> list[Any]:
    decode = getattr(cls, "decode", None)
    try:
        with path.open(encoding=encoding, newline="") as file:
            if has_header:
                rows = list(csv.DictReader(file))
                return [decode(row) if decode else cls(**row) for row in rows]
            return [decode(row) if decode else cls(*row) for row in csv.reader(file) if row]
    except UnicodeDecodeError as error:
        raise wrong_encoding(encoding, error) from error


def _frame(value: Any) -> Any:
    """What a task may give for a table, as a DataFrame."""
    pandas = _pandas()
    if isinstance(value, pandas.DataFrame):
        return value
    if isinstance(value, list) and value and not isinstance(value[0], list | tuple | dict):
        if hasattr(value[0], "encode") and not isinstance(value[0], str | bytes):
            value = [item.encode() for item in value]
        elif hasattr(value[0], "__dict__"):
            value = [vars(item) for item in value]
    return pandas.DataFrame(value)


def _pandas() -> Any:
    try:
        import pandas
    except ImportError as error:
        raise ConfigurationError(
            "csv data nodes need pandas: pip install 'taipy-exec[csv]'"
        ) from error
    return pandas

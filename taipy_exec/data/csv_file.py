"""`csv`: tables as pandas, NumPy or objects of the user's class."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

from taipy_exec.config.reference import realise
from taipy_exec.data.files import FileStorage, wrong_encoding
from taipy_exec.data.tables import expose, frame_of, objects_of, pandas_for

if TYPE_CHECKING:
    from pathlib import Path

    from taipy_exec.data.node import DataNodeRef


class CsvFile(FileStorage):
    """Taipy's properties: encoding, has_header, exposed_type."""

    extension: str | None = "csv"

    def read(self, node: DataNodeRef) -> Any:
        assert node.path is not None
        properties = node.config.properties
        encoding = properties.get("encoding", "utf-8")
        has_header = properties.get("has_header", True)
        exposed = realise(properties.get("exposed_type", "pandas"))
        if isinstance(exposed, type):
            return _read_objects(node.path, encoding, has_header, exposed)
        pandas = pandas_for("csv")
        try:
            frame = pandas.read_csv(node.path, encoding=encoding, header=0 if has_header else None)
        except pandas.errors.EmptyDataError:
            frame = pandas.DataFrame()
        except UnicodeDecodeError as error:
            raise wrong_encoding(encoding, error) from error
        return expose(frame, exposed)

    def write(self, node: DataNodeRef, value: Any) -> None:
        properties = node.config.properties
        frame = frame_of(value, pandas_for("csv"))
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
        rows = frame_of(value, pandas_for("csv")).to_csv(index=False, header=False)
        with self.write_bytes(node) as target:
            target.write((held + rows).encode(encoding))


def _read_objects(path: Path, encoding: str, has_header: bool, cls: type) -> list[Any]:
    try:
        with path.open(encoding=encoding, newline="") as file:
            if has_header:
                return objects_of(csv.DictReader(file), cls)
            decode = getattr(cls, "decode", None)
            return [decode(row) if decode else cls(*row) for row in csv.reader(file) if row]
    except UnicodeDecodeError as error:
        raise wrong_encoding(encoding, error) from error

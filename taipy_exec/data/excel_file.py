"""`excel`: the sheets of a workbook, each as a table or as objects."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from taipy_exec.config.reference import realise
from taipy_exec.config.table_checks import wrong_sheet_name
from taipy_exec.data.extras import extra
from taipy_exec.data.files import FileStorage
from taipy_exec.data.table_index import columns_of_levels, index_columns, keeps_index
from taipy_exec.data.tables import expose, frame_of, objects_of, pandas_for
from taipy_exec.errors import DataError

if TYPE_CHECKING:
    from taipy_exec.data.node import DataNodeRef

_SHEET = "Sheet1"


class ExcelFile(FileStorage):
    """Properties of Taipy: has_header, sheet_name, exposed_type. `index` is taipy-exec only.

    Only .xlsx files.
    """

    extension: str | None = "xlsx"

    def read(self, node: DataNodeRef) -> Any:
        wanted = _sheet_names(node)
        exposed = realise(node.config.properties.get("exposed_type", "pandas"))
        has_header = node.config.properties.get("has_header", True)
        with _workbook(node) as book:
            names = list(book.sheet_names) if wanted is None else wanted
            _refuse_missing(names, book.sheet_names)
            kinds = _exposed_types(exposed, names)
            index = index_columns(node)
            found = {name: _sheet(book, name, kinds[name], has_header, index) for name in names}
        alone = len(names) == 1 and wanted is not None
        by_name = isinstance(exposed, str) and not isinstance(_given(node), str)
        return found[names[0]] if alone and not by_name else found

    def write(self, node: DataNodeRef, value: Any) -> None:
        pandas = _pandas()
        frames = _frames(node, value, pandas)
        index = _keeps_index(node, frames)
        header = bool(node.config.properties.get("has_header", True))
        with self.write_bytes(node) as file:
            writer = pandas.ExcelWriter(file, engine="openpyxl")
            for name, frame in frames.items():
                how = {"index": index, "header": header, "merge_cells": False}
                frame.to_excel(writer, sheet_name=name, **how)
            # No `with` here: after an error it would still save, and hide the error by another one.
            writer.close()

    def append(self, node: DataNodeRef, value: Any) -> None:
        """Add rows below the last row of the sheet (of the first sheet if none is named)."""
        assert node.path is not None
        if not node.path.exists():
            self.write(node, value)
            return
        pandas = _pandas()
        with _workbook(node) as book:
            known = list(book.sheet_names)
        wanted = _sheet_names(node) or known
        if isinstance(value, Mapping):
            frames = {name: frame_of(table, pandas) for name, table in value.items()}
        else:
            frames = {wanted[0]: frame_of(value, pandas)}
        _refuse_missing(frames, known)
        index = _keeps_index(node, frames)
        # The library changes a workbook in place, so it gets a copy.
        copy = io.BytesIO(node.path.read_bytes())
        how = {"mode": "a", "engine": "openpyxl", "if_sheet_exists": "overlay"}
        writer = pandas.ExcelWriter(copy, **how)
        for name, frame in frames.items():
            sheet = writer.sheets[name]
            empty = sheet.max_row == sheet.max_column == 1 and sheet["A1"].value is None
            header = bool(empty and node.config.properties.get("has_header", True))
            start = 0 if empty else sheet.max_row
            place = {"index": index, "header": header, "startrow": start, "merge_cells": False}
            frame.to_excel(writer, sheet_name=name, **place)
        writer.close()
        with self.write_bytes(node) as file:
            file.write(copy.getbuffer())


def _pandas() -> Any:
    extra("openpyxl", "excel", "excel data nodes")
    return pandas_for("excel")


def _given(node: DataNodeRef) -> Any:
    return node.config.properties.get("sheet_name")


def _sheet_names(node: DataNodeRef) -> list[str] | None:
    """The sheets that the data node names. None means all sheets."""
    given = _given(node)
    if not given:
        return None
    return [given] if isinstance(given, str) else list(given)


@contextmanager
def _workbook(node: DataNodeRef) -> Iterator[Any]:
    """The workbook as a `pandas.ExcelFile`. Raises DataError if the file is no workbook."""
    pandas = _pandas()
    assert node.path is not None
    with node.path.open("rb") as file:
        try:
            book = pandas.ExcelFile(file, engine="openpyxl")
        except (zipfile.BadZipFile, KeyError, ValueError) as error:
            empty = not node.path.stat().st_size
            what = "it is empty: no workbook" if empty else "it is no workbook (.xlsx)"
            raise DataError(what) from error
        with book:
            yield book


def _refuse_missing(names: Sequence[str] | Mapping[str, Any], known: Sequence[str]) -> None:
    missing = [name for name in names if name not in known]
    if missing:
        raise DataError(
            f"there is no sheet {missing[0]!r}: the workbook has {', '.join(map(repr, known))}"
        )


def _exposed_types(exposed: Any, names: Sequence[str]) -> dict[str, Any]:
    """The exposed type of each sheet. It is given once for all, by order, or by name."""
    if isinstance(exposed, Mapping):
        return {name: exposed.get(name, "pandas") for name in names}
    if not isinstance(exposed, list | tuple):
        return dict.fromkeys(names, exposed)
    if len(exposed) != len(names):
        raise DataError(
            f"exposed_type names {len(exposed)} types for {len(names)} sheets "
            f"({', '.join(names)}): give one for each, or a table of sheet = type"
        )
    return dict(zip(names, exposed, strict=True))


def _sheet(book: Any, name: str, exposed: Any, has_header: bool, index: list[int]) -> Any:
    if not isinstance(exposed, type):
        header = 0 if has_header else None
        columns = index if index and exposed == "pandas" else None
        frame = _pandas().read_excel(book, sheet_name=name, header=header, index_col=columns)
        if columns and not has_header:
            frame.index.names = [None] * len(columns)
        return expose(frame, exposed)
    try:
        return objects_of(_rows(book.book[name], has_header), exposed)
    except DataError as error:
        raise DataError(f"sheet {name!r}: {error.message}") from error


def _rows(sheet: Any, has_header: bool) -> Iterator[Any]:
    """The rows with their last computed values. With a header, each row has values by name."""
    sheet.reset_dimensions()  # the size in the file may be wrong
    rows = _until_the_last(sheet.iter_rows(values_only=True))
    if not has_header:
        yield from rows
        return
    header = _without_end(next(rows, ()))
    if None in header:
        raise DataError(f"column {header.index(None) + 1} has no name in the first row")
    for row in rows:
        values = [*row, *[None] * (len(header) - len(row))]
        if len(_without_end(values)) > len(header):
            raise DataError(
                f"a row has more cells than the first one ({', '.join(map(str, header))})"
            )
        yield {str(name): value for name, value in zip(header, values, strict=False)}


def _until_the_last(rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """The rows up to the last one with a value. Formatted empty rows after it do not count."""
    empty = []
    for row in rows:
        empty.append(row)
        if any(value is not None for value in row):
            yield from empty
            empty.clear()


def _without_end(row: Sequence[Any]) -> list[Any]:
    """The row up to its last value."""
    values = list(row)
    while values and values[-1] is None:
        values.pop()
    return values


def _frames(node: DataNodeRef, value: Any, pandas: Any) -> dict[str, Any]:
    """The sheets to write: those in a dict of tables, or the one sheet of the data node."""
    if isinstance(value, Mapping):
        if not value:
            raise DataError("a workbook needs a sheet: the dict of sheets is empty")
        tables = dict(value)
    else:
        names = _sheet_names(node) or [_SHEET]
        if len(names) > 1:
            raise DataError(
                f"there are {len(names)} sheets ({', '.join(names)}) for one table: "
                "return a dict of sheet name: table"
            )
        tables = {names[0]: value}
    _refuse_names(list(tables))
    return {name: frame_of(table, pandas) for name, table in tables.items()}


def _keeps_index(node: DataNodeRef, frames: Mapping[str, Any]) -> bool:
    """As `keeps_index`. Raises DataError if a sheet cannot hold the columns."""
    for name, frame in frames.items():
        wrong = columns_of_levels(frame)
        if wrong is not None:
            raise DataError(f"sheet {name!r}: {wrong}")
    named = {name if len(frames) > 1 else "": frame for name, frame in frames.items()}
    return keeps_index(node, named)


def _refuse_names(names: Sequence[Any]) -> None:
    for place, name in enumerate(names):
        wrong = wrong_sheet_name(name, names[:place])
        if wrong:
            raise DataError(f"{name!r} is no name of a sheet: it must be {wrong}")

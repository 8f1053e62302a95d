"""Tables: what a task may return for one, and what it gets, by the data node's `exposed_type`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from taipy_exec.data.extras import extra


def pandas_for(storage_type: str) -> Any:
    """pandas, for data nodes of this type. Raises ConfigurationError where it is missing."""
    return extra("pandas", storage_type, f"{storage_type} data nodes")


def frame_of(value: Any, pandas: Any) -> Any:
    """A DataFrame of what a task may return: frame, series, array, rows, tables, objects.

    Objects count by their `encode`, or else by their attributes. Arrow tables and polars' frames
    are converted. Raises ValueError, as pandas does, where it is no table.
    """
    if isinstance(value, pandas.DataFrame):
        return value
    module = type(value).__module__.partition(".")[0]
    if module in ("pyarrow", "polars") and hasattr(value, "to_pandas"):
        return value.to_pandas()
    return pandas.DataFrame(encoded(value))


def encoded(value: Any) -> Any:
    """A list of the user's objects as a list of rows or tables; anything else as it is."""
    if isinstance(value, list) and value and not isinstance(value[0], list | tuple | dict):
        if hasattr(value[0], "encode") and not isinstance(value[0], str | bytes):
            return [item.encode() for item in value]
        if hasattr(value[0], "__dict__"):
            return [vars(item) for item in value]
    return value


def expose(frame: Any, exposed: Any) -> Any:
    """A DataFrame as the task wants it: "pandas", "numpy", "polars", "pyarrow" or a class."""
    if isinstance(exposed, type):
        return objects_of(frame.to_dict("records"), exposed)
    if exposed == "numpy":
        return frame.to_numpy()
    if exposed == "polars":
        return extra("polars", "polars", 'data nodes with exposed_type = "polars"').from_pandas(
            frame
        )
    if exposed == "pyarrow":
        user = 'data nodes with exposed_type = "pyarrow"'
        return extra("pyarrow", "parquet", user).Table.from_pandas(frame, preserve_index=False)
    return frame


def objects_of(rows: Iterable[Mapping[str, Any]], cls: type) -> list[Any]:
    """`cls.decode(row)` for each row where the class has that, else `cls(**row)`."""
    decode = getattr(cls, "decode", None)
    return [decode(row) if decode else cls(**row) for row in rows]

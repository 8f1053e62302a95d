"""One value written and read back, by a data node of taipy-exec or by the plain library call.

`python -m benchmarks.data '{"kind": ..., "side": "ours"|"plain", "size": ...}'`, in the current
folder. `seconds` are the time of one write and one read, in which every value is used. `memory` is
the increase of the process's peak memory, in bytes.
"""

from __future__ import annotations

import json
import pickle
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy
import pandas

from benchmarks.ours import peak_memory

_COLUMNS = 8


class Kind(NamedTuple):
    """A kind of value: how to make it, its storage type, and the plain calls to write and read."""

    make: Callable[[int], Any]
    storage_type: str
    properties: dict[str, object]
    write: Callable[[Any], None]
    read: Callable[[], Any]
    prepare: Callable[[Any], None] = lambda value: None


def array(megabytes: int) -> Any:
    """An array of random numbers of this size."""
    return numpy.random.default_rng(1).random(megabytes * 1_000_000 // 8)


def frame(megabytes: int) -> Any:
    """A frame of numbers of this size."""
    rows = megabytes * 1_000_000 // 8 // _COLUMNS
    values = numpy.random.default_rng(1).random((rows, _COLUMNS))
    return pandas.DataFrame(values, columns=[f"c{n}" for n in range(_COLUMNS)])


def sales(rows: int) -> Any:
    """A frame of numbers and texts with this many rows."""
    random = numpy.random.default_rng(1)
    return pandas.DataFrame(
        {
            "id": numpy.arange(rows),
            "amount": random.random(rows).round(2),
            "quantity": random.integers(1, 100, rows),
            "product": random.choice(["apple", "pear", "plum"], rows),
        }
    )


def _write_pickle(value: Any) -> None:
    with open("plain.p", "wb") as file:  # noqa: PTH123
        pickle.dump(value, file)


def _read_pickle() -> Any:
    with open("plain.p", "rb") as file:  # noqa: PTH123
        return pickle.load(file)


def _make_table(value: Any) -> None:
    with sqlite3.connect("shop.db") as connection:
        value.head(0).to_sql("sales", connection, index=False)


def _write_table(value: Any) -> None:
    import sqlalchemy

    with sqlalchemy.create_engine("sqlite:///shop.db").begin() as connection:
        connection.exec_driver_sql("DELETE FROM sales")
        value.to_sql("sales", connection, if_exists="append", index=False)


def _read_table() -> Any:
    import sqlalchemy

    with sqlalchemy.create_engine("sqlite:///shop.db").connect() as connection:
        return pandas.read_sql_table("sales", connection)


KINDS = {
    "array_pickle": Kind(array, "pickle", {}, _write_pickle, _read_pickle),
    "frame_pickle": Kind(frame, "pickle", {}, _write_pickle, _read_pickle),
    "frame_parquet": Kind(
        frame,
        "parquet",
        {"engine": "pyarrow", "compression": "snappy"},
        lambda value: value.to_parquet("plain.parquet", engine="pyarrow", compression="snappy"),
        lambda: pandas.read_parquet("plain.parquet", engine="pyarrow"),
    ),
    "rows_csv": Kind(
        sales,
        "csv",
        {},
        lambda value: value.to_csv("plain.csv", index=False),
        lambda: pandas.read_csv("plain.csv"),
    ),
    "rows_sql_table": Kind(
        sales,
        "sql_table",
        {
            "db_name": "shop",
            "db_engine": "sqlite",
            "table_name": "sales",
            "sqlite_folder_path": ".",
        },
        _write_table,
        _read_table,
        _make_table,
    ),
}


def measure(kind: str, side: str, size: int) -> dict[str, float]:
    """Write and read a value of this size."""
    chosen = KINDS[kind]
    value = chosen.make(size)
    chosen.prepare(value)
    write, read = (chosen.write, chosen.read) if side == "plain" else _data_node(chosen)
    # Do imports and first connections before: a job's process has them already.
    few = value[:10]
    write(few)
    read()
    before = peak_memory()
    begin = time.perf_counter()
    write(value)
    found = read()
    if isinstance(found, pandas.DataFrame):
        found.select_dtypes("number").sum()
    else:
        found.sum()
    seconds = time.perf_counter() - begin
    if len(found) != len(value):
        raise RuntimeError(f"{len(found)} rows came back of {len(value)}")
    return {"seconds": seconds, "memory": peak_memory() - before}


def _data_node(kind: Kind) -> tuple[Callable[[Any], None], Callable[[], Any]]:
    from taipy_exec.config.application import AppConfig, DataNodeConfig
    from taipy_exec.data.node import Owner, locate

    config = DataNodeConfig(id="n", storage_type=kind.storage_type, properties=kind.properties)
    app = AppConfig(root=Path.cwd(), state_dir=Path.cwd() / "state")
    node = locate(app, config, Owner(instance="SCENARIO_s_1"))
    return node.write, node.read


if __name__ == "__main__":
    print(json.dumps(measure(**json.loads(sys.argv[1]))))

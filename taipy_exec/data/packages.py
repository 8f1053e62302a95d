"""The packages that a data node needs, and the command that installs missing ones."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys
from collections.abc import Iterable, Sequence

from taipy_exec.config.application import DataNodeConfig

# The module of the driver for each `db_engine`. It is needed in addition to SQLAlchemy.
DRIVERS = {"postgresql": "psycopg2", "mysql": "pymysql", "mssql": "pyodbc"}

# Any one of these is enough.
AnyOf = tuple[str, ...]


def missing_packages(node: DataNodeConfig, *, reads: bool, writes: bool) -> list[str]:
    """The missing packages without which every read, or every write, of the data node fails.

    A package counts only if it is surely needed. For example, a polars table is always written
    without pandas.
    """
    needed = dict.fromkeys(
        [*(_to_read(node) if reads else ()), *(_to_write(node) if writes else ())]
    )
    return list(dict.fromkeys(any_of[0] for any_of in needed if not any(map(is_installed, any_of))))


def _to_read(node: DataNodeConfig) -> Iterable[AnyOf]:
    exposed = node.properties.get("exposed_type", "pandas")
    match node.storage_type:
        case "csv":
            alone = {"pandas": "pandas", "numpy": "pandas", "polars": "polars"}
            return _one({**alone, "pyarrow": "pyarrow"}.get(str(exposed)))
        case "excel":
            return [("openpyxl",), ("pandas",), *_other_tables(exposed)]
        case "parquet":
            if exposed == "polars":
                return _one("polars")
            if exposed != "pyarrow" and node.properties.get("engine") == "fastparquet":
                return [("fastparquet",)]
            return [("pyarrow",), *(_one("pandas") if exposed == "pandas" else ())]
        case "sql" | "sql_table":
            tables = _one("pandas") if exposed == "pandas" else ()
            return [*_of_server(node), *tables, *_other_tables(exposed)]
    return _of_server(node)


def _to_write(node: DataNodeConfig) -> Iterable[AnyOf]:
    match node.storage_type:
        case "csv":
            return [("pandas", "polars", "pyarrow")]
        case "excel":
            return [("openpyxl",), ("pandas",)]
        case "parquet":
            if node.properties.get("engine") == "fastparquet":
                return [("fastparquet",)]
            return [("pyarrow", "polars")]
        case "sql_table":
            return [*_of_server(node), ("pandas",)]
    return _of_server(node)


def _of_server(node: DataNodeConfig) -> Iterable[AnyOf]:
    match node.storage_type:
        case "mongo_collection":
            return _one("pymongo")
        case "s3_object":
            return _one("boto3")
        case "sql" | "sql_table":
            driver = DRIVERS.get(str(node.properties.get("db_engine")))
            return [("sqlalchemy",), *_one(driver)]
    return ()


def _other_tables(exposed: object) -> Iterable[AnyOf]:
    return _one(exposed) if exposed in ("polars", "pyarrow") else ()


def _one(package: object) -> Iterable[AnyOf]:
    return [(str(package),)] if package else []


def is_installed(package: str) -> bool:
    """Whether the package can be imported on this machine. This does not import it."""
    try:
        return importlib.util.find_spec(package) is not None
    except ValueError:  # it is imported already, and has no specification
        return sys.modules.get(package) is not None
    except ImportError:
        return False


def install_command(kind: str, missing: Sequence[str]) -> str:
    """The command that installs the missing packages of type `kind`, by extras if there are any.

    Each database has an extra of its own, which brings SQLAlchemy too.
    """
    databases = [engine for engine, module in DRIVERS.items() if module in missing]
    try:
        known = importlib.metadata.metadata("taipy-exec").get_all("Provides-Extra") or []
    except importlib.metadata.PackageNotFoundError:
        known = []
    wanted = databases or [kind.split("_")[0], *missing]
    extras = [name for name in wanted if name in known]
    if extras:
        return f"pip install 'taipy-exec[{','.join(extras)}]'"
    return f"pip install {' '.join(missing)}"

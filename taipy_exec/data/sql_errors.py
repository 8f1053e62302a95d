"""Errors of a database or its driver as one sentence, without SQL, parameters and passwords."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from taipy_exec.config.secrets import without_secrets
from taipy_exec.data.sql_address import LOCK_SECONDS, server_of
from taipy_exec.errors import DataError

if TYPE_CHECKING:
    from taipy_exec.data.node import DataNodeRef

_LIMIT = 500
# By SQLSTATE (PostgreSQL, ODBC), or by number (MariaDB, MySQL).
_LOST = frozenset({"57P01", "57P02", "57P03", "08000", "08001", "08003", "08006", "08S01"})
_LOST_NUMBERS = frozenset({0, 2006, 2013, 2014, 2055, 1053, 1927, 4031})
_LOCKED = frozenset({"55P03", 1205})
_DEADLOCK = frozenset({"40P01", "40001", 1213})
_WRONG_USER = frozenset({"28000", "28P01", 1045, 1698})
_NO_DATABASE = frozenset({"3D000", 1049})
_NO_TABLE = frozenset({"42P01", "42S02", 1146})


def wrong_connect(error: BaseException, node: DataNodeRef) -> DataError:
    """The error for a connection that could not be made."""
    properties = node.config.properties
    code, text = _code_and_text(error)
    server = server_of(node)
    fatal = re.search(r"FATAL:\s*([^\n]*)", text)
    said = fatal[1] if fatal else text
    if properties.get("db_engine") == "sqlite":
        return DataError(f"{_line(said, node)}: check that the folder exists and can be read")
    if code in _WRONG_USER or re.search(r"authentication failed|role .* does not exist", said):
        user = properties.get("db_username")
        return DataError(
            f"{server} refuses user {user!r} with this password: check db_username and db_password"
        )
    if code in _NO_DATABASE or re.search(r"database .* does not exist", said):
        name = properties.get("db_name")
        return DataError(f"{server} has no database {name!r}: make it, or correct db_name")
    if fatal or code == 1044:
        return DataError(f"{server} refuses the connection: {_line(said, node)}")
    reasons = re.findall(r"failed: ([^\n]*)|\(\[Errno -?\d+\] ([^)]*)\)|\((timed out)\)", said)
    reason = "".join(reasons[-1]) if reasons else said.partition("\n")[0]
    return DataError(
        f"{server} cannot be reached ({_line(reason, node)}): is the server up, and are db_host "
        "and db_port right?"
    )


def wrong_statement(error: BaseException, node: DataNodeRef, *, writes: bool) -> DataError:
    """The error for a statement that failed or lost its connection."""
    code, text = _code_and_text(error)
    if is_lost(error):
        kept = "; nothing was changed" if writes else ""
        return DataError(f"the connection to {server_of(node)} was lost{kept}")
    said = _line(text, node)
    if code in _LOCKED or "database is locked" in text:
        seconds = LOCK_SECONDS
        given = (node.config.properties.get("db_extra_args") or {}).get("timeout")
        if node.config.properties.get("db_engine") == "sqlite" and given is not None:
            seconds = given
        return DataError(f"another process kept it locked for {seconds} s: {said}")
    if code in _DEADLOCK:
        return DataError(f"a conflict with another transaction, nothing was changed: {said}")
    if code in _NO_TABLE or said.startswith("no such table"):
        return DataError(f"{said}: make it, or correct the name")
    context = _copied_column(error)
    return DataError(f"column {context!r}: {said}" if context else said)


def is_lost(error: BaseException) -> bool:
    """Whether the connection is gone. Then uncommitted changes are lost too."""
    if getattr(error, "connection_invalidated", False):
        return True
    original = getattr(error, "orig", None) or error
    module = type(original).__module__.partition(".")[0]
    code, text = _code_and_text(error)
    if module == "psycopg2":
        broken = type(original).__name__ in ("OperationalError", "InterfaceError")
        return code in _LOST or (code is None and broken)
    if module == "pymysql":
        return code in _LOST_NUMBERS
    return code in _LOST or "Communication link failure" in text


def _code_and_text(error: BaseException) -> tuple[Any, str]:
    original: Any = getattr(error, "orig", None) or error
    module = type(original).__module__.partition(".")[0]
    arguments: tuple[Any, ...] = getattr(original, "args", ())
    if module == "psycopg2":
        diagnosis = getattr(original, "diag", None)
        text = getattr(diagnosis, "message_primary", None) or str(original)
        detail = getattr(diagnosis, "message_detail", None) or ""
        if detail.startswith("Key ("):
            text = f"{text}; {detail}"
        return getattr(original, "pgcode", None), text
    if module == "pymysql":
        number = arguments[0] if arguments else None
        return number, str(arguments[1] if len(arguments) > 1 else number)
    if module == "pyodbc" and len(arguments) > 1:
        return arguments[0], re.sub(r"^(\[[^\]]*\]\s*)+", "", str(arguments[1]))
    return None, re.sub(r"^\((?:\w+\.)+\w+\) ", "", str(original))


def _copied_column(error: BaseException) -> str | None:
    """The column at which PostgreSQL's COPY stopped."""
    diagnosis = getattr(getattr(error, "orig", None) or error, "diag", None)
    context = getattr(diagnosis, "context", None) or ""
    found = re.search(r"^COPY .*?, line \d+, column ([^:\n]+)", context)
    return found[1] if found else getattr(diagnosis, "column_name", None)


def _line(text: str, node: DataNodeRef) -> str:
    """One line, without SQLAlchemy's additions and secrets."""
    text = re.split(r"\n\[SQL:|\n?\(Background on this error", text)[0]
    text = " ".join(text.split()).rstrip(".:; ")
    text = without_secrets(text, node.config.properties)
    return text if len(text) <= _LIMIT else f"{text[:_LIMIT]} ..."

"""Errors of a data node outside a job. They name the data node, its place and the reason."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from taipy_exec.data.files import A_FOLDER
from taipy_exec.data.node import DataNodeRef
from taipy_exec.errors import DataError, TaipyExecError


@contextmanager
def telling(node: DataNodeRef, cannot: str) -> Iterator[None]:
    """Any error of the block becomes a DataError: `data node 'x' (place) CANNOT: why`."""
    try:
        yield
    except TaipyExecError as error:
        raise DataError(f"{_named(node)} {cannot}: {error.message}", error.hint) from error
    except IsADirectoryError:
        raise DataError(f"{_named(node)} {cannot}: {A_FOLDER}") from None
    except Exception as error:
        raise DataError(f"{_named(node)} {cannot}: {type(error).__name__}: {error}") from error


def _named(node: DataNodeRef) -> str:
    named = f"data node {node.config.id!r}"
    # A place that only contains the node's own id adds nothing.
    return named if node.path is None and node.id in node.place else f"{named} ({node.place})"

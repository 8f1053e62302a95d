"""The values of data nodes in a report: read in another process, within bounds."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from taipy_exec.config.secrets import says_secret
from taipy_exec.data.node import DataNodeRef
from taipy_exec.views.report.preview import Preview, nothing, preview
from taipy_exec.views.report.reading import Reading, read_apart
from taipy_exec.views.report.short_table import ROWS, made_table, size_told

MOST_NODES = 100
_CONSIDERED = 3 * MOST_NODES
_TOO_MANY = f"only the first {MOST_NODES} data nodes are read"
# A larger file is not read, except a CSV file: only its first rows are read. In bytes.
LARGEST_FILE = 50_000_000
ALL_PICTURES = 12_000_000
NEVER = "never written"
_COUNTED = 200_000_000
_REMOTE = frozenset({"sql", "sql_table", "mongo_collection", "s3_object", "generic"})


def previews(
    nodes: Sequence[DataNodeRef], redacted: Callable[[str], str], root: Path
) -> dict[str, Preview]:
    """The previews of these data nodes, by the ids of their configurations.

    A node that cannot or should not be read has a note that says why.
    """
    found: dict[str, Preview] = {}
    to_read: list[DataNodeRef] = []
    for number, node in enumerate(nodes):
        why = why_not_read(node) if number < _CONSIDERED else _TOO_MANY
        if why is not None:
            found[node.config.id] = nothing(why)
        elif len(to_read) < MOST_NODES:
            to_read.append(node)
        else:
            found[node.config.id] = nothing(_TOO_MANY)

    def read(number: int) -> Preview:
        return _read(to_read[number], redacted, root)

    for number, reading in enumerate(read_apart(len(to_read), read)):
        found[to_read[number].config.id] = _told(reading, redacted)
    return _within(found, (node.config.id for node in nodes))


def why_not_read(node: DataNodeRef) -> str | None:
    """Why a value is not read, in words; None if it should be read."""
    config = node.config
    wanted = config.in_report
    if wanted is False:
        return "not shown: report = false"
    if config.storage_type == "in_memory":
        return "it was in the memory of the process that ran the jobs"
    if says_secret(config.id) and wanted is None:
        return "not shown: its name says that it is a secret (report = true shows it)"
    is_file = node.path is not None and node.has_file
    if wanted is None and (config.storage_type in _REMOTE or not is_file):
        return "not read: set report = true to show it"
    if is_file and node.path is not None:
        return _why_no_file(node.path, config.storage_type, bool(wanted))
    return None


def _why_no_file(path: Path, storage_type: str, wanted: bool) -> str | None:
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return NEVER
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    if size > LARGEST_FILE and storage_type != "csv" and not wanted:
        return f"not read: {size / 1e6:,.0f} MB (report = true reads it)"
    return None


def _read(node: DataNodeRef, redacted: Callable[[str], str], root: Path) -> Preview:
    if node.config.storage_type == "csv" and node.path is not None:
        return _first_rows(node, node.path, redacted, root)
    return preview(node.read(), redacted, root)


def _first_rows(
    node: DataNodeRef, path: Path, redacted: Callable[[str], str], root: Path
) -> Preview:
    """The first rows of a CSV file as text: without libraries, and fast for large files."""
    properties = node.config.properties
    encoding = str(properties.get("encoding") or "utf-8")
    with path.open(encoding=encoding, newline="") as file:
        lines = csv.reader(file)
        head = [row for row in itertools.islice(lines, ROWS + 1) if row]
        columns: Iterable[str] = ()
        if properties.get("has_header", True):
            columns, head = (head[0] if head else []), head[1:]
        width = max((len(row) for row in head), default=len(list(columns)))
        columns = columns or [str(n) for n in range(width)]
        told = _size(path, lines, len(head), width)
    return preview(made_table(columns, head[:ROWS], told), redacted, root)


def _size(path: Path, lines: Iterable[Sequence[str]], read: int, width: int) -> str:
    size = path.stat().st_size
    if size > _COUNTED:
        return f"{size / 1e6:,.0f} MB, {width:,} columns; the first {ROWS} rows"
    return size_told(read + sum(1 for row in lines if row), width)


def _told(reading: Reading, redacted: Callable[[str], str]) -> Preview:
    if reading.fields is not None:
        return Preview.of(reading.fields)
    return nothing(redacted(f"it cannot be read: {reading.problem}"))


def _within(found: dict[str, Preview], order: Iterable[str]) -> dict[str, Preview]:
    """Pictures up to a total size; the ones after that are only named."""
    room = ALL_PICTURES
    for name in order:
        room -= len(found[name].image)
        if room < 0 and found[name].image:
            found[name] = nothing(f"{found[name].text}: too many pictures to show them all")
    return found

"""Whole writes: a file is written beside its place and renamed, so no reader sees half of it."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from taipy_exec.errors import DataError

if TYPE_CHECKING:
    from taipy_exec.data.node import DataNodeRef


A_FOLDER = "it is a folder: give the path of a file"


@contextmanager
def replacing(
    path: Path, *, make_folder: bool = False, before: Callable[[], None] | None = None
) -> Iterator[IO[bytes]]:
    """A binary file that takes the place of `path` when the block ends without an error.

    With `make_folder` the folder is made; a folder that the user named must exist. A link is
    followed, so that its target is replaced. The former file stays until the very end; `before`
    is called right before that, and keeps it if it raises.
    """
    target, mode = _target(path)
    beside = _beside(target, os.getpid())
    try:
        file = open(beside, "wb")  # noqa: SIM115, PTH123 - closed below, in every case
    except FileNotFoundError:
        folder = Path(target).parent
        if not make_folder:
            raise DataError(f"there is no folder {folder}: make it") from None
        folder.mkdir(parents=True, exist_ok=True)
        file = open(beside, "wb")  # noqa: SIM115, PTH123
    try:
        with file:
            if mode is not None:
                # As readable as the file it replaces, no more and no less.
                os.fchmod(file.fileno(), mode)
            yield file
        if before is not None:
            before()
        os.replace(beside, target)
    except BaseException:
        try:
            os.unlink(beside)  # noqa: PTH108
        except FileNotFoundError:
            pass
        raise


def remove_leftover(path: Path, pid: int) -> None:
    """Remove what process `pid` was writing beside `path` when it died."""
    try:
        os.unlink(_beside(_target(path)[0], pid))  # noqa: PTH108
    except OSError:
        pass


def remove_leftovers(path: Path) -> None:
    """Remove what any other process was writing beside `path` when it died."""
    target = Path(_target(path)[0])
    own = _beside(str(target), os.getpid())
    for file in target.parent.glob(f".{glob.escape(target.name)}.*.part"):
        if str(file) != own:
            file.unlink(missing_ok=True)


def _target(path: Path) -> tuple[str, int | None]:
    """The file that `path` leads to, and its mode if it is there."""
    text = os.fspath(path)
    try:
        found = os.lstat(text)
        if stat.S_ISLNK(found.st_mode):
            text = os.path.realpath(text)
            found = os.stat(text)  # noqa: PTH116
    except OSError:
        return text, None
    return text, stat.S_IMODE(found.st_mode)


def _beside(target: str, pid: int) -> str:
    folder, name = os.path.split(target)
    return os.path.join(folder, f".{name}.{pid}.part")  # noqa: PTH118


class FileStorage:
    """What the file-based storage types share."""

    def place(self, node: DataNodeRef) -> str:
        """The path."""
        return str(node.path)

    def write_bytes(self, node: DataNodeRef) -> Any:
        """The file to write the value of `node` into; it replaces the former one at the end."""
        assert node.path is not None
        return replacing(node.path, make_folder=node.is_generated, before=node.before_change)

    def changed_at(self, node: DataNodeRef) -> float | None:
        """The file's time of change."""
        assert node.path is not None
        try:
            return os.stat(node.path).st_mtime  # noqa: PTH116 - hot path
        except OSError:
            return None


def files_of(path: Path) -> list[Path]:
    """The files that a folder, or a path with `*` at its end, stands for; hidden ones are not."""
    folder = path.parent if path.name.endswith("*") else path
    return sorted(
        file
        for file in folder.glob(path.name if path.name.strip("*") and folder != path else "**/*")
        if file.is_file()
        and not any(part.startswith((".", "_")) for part in file.relative_to(folder).parts)
    )


def wrong_encoding(encoding: str, error: UnicodeDecodeError) -> DataError:
    """The error for text of another encoding than the data node says."""
    return DataError(
        f"it is not {encoding} text (byte {error.start}): set the data node's `encoding`"
    )

"""Atomic writes: a file is written next to its place, then renamed. No reader sees half of it."""

from __future__ import annotations

import errno
import fcntl
import glob
import hashlib
import os
import re
import secrets
import shutil
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from taipy_exec.errors import DataError

if TYPE_CHECKING:
    from taipy_exec.data.node import DataNodeRef


A_FOLDER = "it is a folder: give the path of a file"

_LONGEST_NAME = 255  # bytes, on every common file system
_HOST = re.sub(r"[^\w-]", "_", socket.gethostname(), flags=re.ASCII)[:30]
_ACL = "system.posix_acl_access"
# Kinds of files that a rename must not replace.
_OTHER_KINDS = (
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a block device"),
)


@contextmanager
def replacing(
    path: Path, *, make_folder: bool = True, before: Callable[[], None] | None = None
) -> Iterator[IO[bytes]]:
    """A binary file that replaces `path` when the block ends without an error.

    A missing folder is made, unless `make_folder` is false. A link is followed, so that its target
    is replaced. The new file gets the owner, group, mode and ACL of the former file, as far as that
    is allowed. The former file stays until the rename. `before` is called just before the rename.
    If it raises, the former file stays. A character device, such as /dev/null, is written directly.
    Raises DataError for any other kind of file.
    """
    target, former = _target(path)
    if former is not None and not stat.S_ISREG(former.st_mode):
        with _written_through(target, former, before) as file:
            yield file
        return
    beside, file = _make_beside(target, make_folder=make_folder)
    try:
        with file:
            if former is not None:
                _take_rights(file.fileno(), target, former)
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


@contextmanager
def replacing_by_name(path: Path, before: Callable[[], None] | None = None) -> Iterator[Path]:
    """As `replacing`, for a writer that takes a path. Gives the path of a file of the same name.

    That file is in a temporary folder next to `path`. The folder is locked while the file is
    written.
    """
    target, former = _target(path)
    if former is not None and not stat.S_ISREG(former.st_mode):
        with _written_through(target, former, before):
            pass
        yield Path(target)
        return
    folder, number = _make_folder_beside(target)
    try:
        made = Path(folder, os.path.basename(target))  # noqa: PTH119
        yield made
        if former is not None:
            with made.open("rb") as file:
                _take_rights(file.fileno(), target, former)
        if before is not None:
            before()
        os.replace(made, target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(number)


@contextmanager
def _written_through(
    target: str, former: os.stat_result, before: Callable[[], None] | None
) -> Iterator[IO[bytes]]:
    if stat.S_ISDIR(former.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), target)
    for is_kind, what in _OTHER_KINDS:
        if is_kind(former.st_mode):
            raise DataError(f"{target} is {what}, not a file", "give the path of a file")
    if before is not None:
        before()
    with open(target, "wb") as file:  # noqa: PTH123
        yield file


def _name_beside(target: str) -> str:
    """A path in the folder of `target`. Its name is unique on all machines."""
    folder, name = os.path.split(target)
    mark = f"{_HOST}-{os.getpid()}-{secrets.token_hex(4)}"
    return os.path.join(folder, f"{_beginning(name)}.{mark}.part")  # noqa: PTH118


def _make_folder_beside(target: str) -> tuple[str, int]:
    """A new folder with a unique name, and its descriptor, which holds its lock."""
    while True:
        folder = _name_beside(target)
        os.mkdir(folder, 0o700)  # noqa: PTH102
        number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        if _try_lock(number) is not False and os.fstat(number).st_nlink:
            return folder, number
        os.close(number)  # removed as a leftover in the moment before it was locked


def _make_beside(target: str, *, make_folder: bool) -> tuple[str, IO[bytes]]:
    """A new file with a unique name next to `target`. It is locked while it is written."""
    while True:
        beside = _name_beside(target)
        try:
            file = open(beside, "xb")  # noqa: SIM115, PTH123 - closed by the caller
        except FileExistsError:
            continue
        except (FileNotFoundError, NotADirectoryError):
            if not make_folder:
                folder = os.path.dirname(target)  # noqa: PTH120
                raise DataError(f"there is no folder {folder}: make it") from None
            make_folder_at(Path(target).parent)
            continue
        number = file.fileno()
        if _try_lock(number) is not False and os.fstat(number).st_nlink:
            return beside, file
        file.close()  # removed as a leftover in the moment before it was locked


def make_folder_at(folder: Path) -> None:
    """Make the folder and those above it. Raises DataError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"there is no folder {folder}, and it cannot be made: {error.strerror}"
        ) from None


def _try_lock(number: int) -> bool | None:
    """Lock an open file. False if another process has the lock, None if the disk has no locks.

    The kernel frees the lock when the process ends, even by a kill.
    """
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def remove_leftovers(path: Path) -> None:
    """Remove unfinished files next to `path` that dead processes left, on any machine.

    Files of live processes are locked, so they stay. If the disk has no locks, all files stay.
    """
    target = Path(_target(path)[0])
    pattern = f"{glob.escape(_beginning(target.name))}.*.part"
    for file in target.parent.glob(pattern):
        try:
            number = os.open(file, os.O_RDONLY)
        except OSError:
            continue
        try:
            if not _try_lock(number):
                continue
            if file.is_dir():
                shutil.rmtree(file, ignore_errors=True)
            else:
                file.unlink(missing_ok=True)
        except OSError:
            continue
        finally:
            os.close(number)


def _target(path: Path) -> tuple[str, os.stat_result | None]:
    """The file that `path` leads to, and its status. None as status if the file does not exist."""
    text = os.fspath(path)
    if "\0" in text:
        raise DataError(f"the path {text!r} has a NUL character in it", "correct the path")
    try:
        found = os.lstat(text)
        if stat.S_ISLNK(found.st_mode):
            text = os.path.realpath(text)
            found = os.stat(text)  # noqa: PTH116
    except OSError:
        return text, None
    return text, found


def _take_rights(number: int, target: str, former: os.stat_result) -> None:
    """Give a new file the owner, group, mode and ACL of the file that it will replace."""
    own = os.fstat(number)
    if (own.st_uid, own.st_gid) != (former.st_uid, former.st_gid):
        for owner in ((former.st_uid, former.st_gid), (-1, former.st_gid)):
            try:
                os.fchown(number, *owner)
                break
            except OSError:
                continue  # a file of another user: only root can change the owner
    os.fchmod(number, stat.S_IMODE(former.st_mode))
    if hasattr(os, "getxattr"):
        try:
            os.setxattr(number, _ACL, os.getxattr(target, _ACL))
        except OSError:
            pass  # the file has no ACL, or the file system has none


def _beginning(name: str) -> str:
    """The start of the names of temporary files for `name`. A long name is cut and has a digest."""
    raw = os.fsencode(name)
    room = _LONGEST_NAME - len(f"..{_HOST}-{10**10}-01234567.part".encode())
    if len(raw) > room:
        digest = hashlib.sha256(raw).hexdigest()[:12]
        name = f"{raw[: room - 13].decode(errors='ignore')}-{digest}"
    return f".{name}"


class FileStorage:
    """The common part of the file-based storage types."""

    def place(self, node: DataNodeRef) -> str:
        """The path."""
        return str(node.path)

    def write_bytes(self, node: DataNodeRef) -> Any:
        """The file to write the value of `node` into. It replaces the former file at the end."""
        assert node.path is not None
        return replacing(node.path, before=node.before_change)

    def changed_at(self, node: DataNodeRef) -> float | None:
        """The file's time of change."""
        assert node.path is not None
        try:
            return os.stat(node.path).st_mtime  # noqa: PTH116 - hot path
        except OSError:
            return None


def files_of(path: Path) -> list[Path]:
    """The files of a folder, or of a path that ends in `*`, without hidden files."""
    folder = path.parent if path.name.endswith("*") else path
    return sorted(
        file
        for file in folder.glob(path.name if path.name.strip("*") and folder != path else "**/*")
        if file.is_file()
        and not any(part.startswith((".", "_")) for part in file.relative_to(folder).parts)
    )


def wrong_encoding(encoding: str, error: UnicodeDecodeError) -> DataError:
    """The error for a text whose encoding differs from the data node's `encoding`."""
    return DataError(
        f"it is not {encoding} text (byte {error.start}): set the data node's `encoding`"
    )

"""Resolve paths of the user: `~`, `..`, and the start of relative paths."""

from __future__ import annotations

import os
from pathlib import Path

LONGEST_NAME = 255  # bytes, on every common file system
_LONGEST_PATH = 4095


def user_path(root: Path, given: str) -> Path:
    """The absolute path that `given` means, without `~`, `.` and `..`.

    If a folder before `..` is a link, it is followed, as the system does.
    """
    return _without_up(root / os.path.expanduser(given))  # noqa: PTH111 - it never raises


def _without_up(path: Path) -> Path:
    if ".." not in path.parts:
        return path
    found = Path(path.anchor)
    for part in path.parts[1:]:
        if part != "..":
            found /= part
        else:
            found = (found.resolve() if found.is_symlink() else found).parent
    return found


def wrong_path(root: Path, given: str, longer: int = 0) -> str | None:
    """The problem of a path, on any disk, in words; None if there is none.

    `longer`: files next to it have names with that many more bytes.
    """
    if "\0" in given:
        return "must be without a NUL character"
    home = given.partition("/")[0]
    if home.startswith("~") and os.path.expanduser(home) == home:  # noqa: PTH111
        who = f"there is no user {home[1:]!r}" if home[1:] else "your home folder is not known"
        return f"{who}, and so no folder {home}; write the whole path, or ./{home} for that name"
    try:
        path = os.fsencode(user_path(root, given))
    except UnicodeEncodeError:
        return f"{given!r} has a character that no path can have"
    name = max(path.split(b"/"), key=len)
    most_in_name = LONGEST_NAME - (longer if path.endswith(name) else 0)
    for what, text, most in (("name", name, most_in_name), ("path", path, _LONGEST_PATH)):
        if len(text) > most:
            told = os.fsdecode(text)
            told = told if len(told) <= 60 else f"{told[:57]}..."
            return f"the {what} {told} has {len(text)} bytes, and may have {most}; shorten it"
    return None


def unusable_folder(folder: Path) -> str | None:
    """Why no file can be made in a folder, in words; None if it can. A missing folder is made."""
    above = folder
    while not os.path.exists(above) and above != above.parent:  # noqa: PTH110 - no rights
        above = above.parent
    if not os.path.isdir(above):  # noqa: PTH112
        return f"there is no folder {folder}: {above} is a file"
    if may_access(above, os.W_OK | os.X_OK):
        return None
    why = ": the disk is read-only" if is_read_only(above) else ""
    if above == folder:
        return f"you may not write in the folder {folder}{why}"
    return f"there is no folder {folder}, and you may not make it in {above}{why}"


def may_access(path: str | Path, mode: int) -> bool:
    """Whether this process may access a path (`os.R_OK`, `os.W_OK`, `os.X_OK`).

    Without `effective_ids`, the system asks whether the user who started the process may: rights
    that only the process has, such as capabilities, would not count.
    """
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


def is_read_only(folder: Path) -> bool:
    """Whether the disk of an existing folder takes no writes from anybody."""
    try:
        return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
    except OSError:
        return False

"""The paths of the captured output of jobs."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

_LONGEST_NAME = 255  # bytes, on every common file system
_END = ".log"


def log_path(state_dir: Path, submission: str, job: str) -> Path:
    """The log file of a job; it exists only after the job has printed something.

    If the job's id is too long for a file name, the name is a part of the id and a digest.
    """
    return state_dir / "logs" / submission / f"{_name(job)}{_END}"


def _name(job: str) -> str:
    raw = os.fsencode(job)
    room = _LONGEST_NAME - len(_END)
    if len(raw) <= room:
        return job
    digest = hashlib.sha256(raw).hexdigest()[:16]
    return f"{raw[: room - len(digest) - 1].decode(errors='ignore')}-{digest}"

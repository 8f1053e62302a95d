"""Where the captured output of jobs lies."""

from __future__ import annotations

from pathlib import Path


def log_path(state_dir: Path, submission: str, job: str) -> Path:
    """The log file of a job; it exists only once the job has printed something."""
    return state_dir / "logs" / submission / f"{job}.log"

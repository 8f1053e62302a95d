"""Lines that GitHub Actions and GitLab CI show as groups, annotations and sections of a log.

Formats: docs.github.com, "Workflow commands"; the runner's ActionCommand.cs for what counts as one;
docs.gitlab.com, "Create custom collapsible sections".
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from taipy_exec.cli.ci_system import CiSystem
from taipy_exec.visible_text import one_line, visible

if TYPE_CHECKING:
    from taipy_exec.cli.streams import Streams
    from taipy_exec.model.job import JobRecord

_LONGEST_MESSAGE = 1_000
_FRAME = re.compile(r'^\s*File "(.+)", line (\d+)', re.MULTILINE)


@contextmanager
def commands_stopped(streams: Streams) -> Iterator[None]:
    """While the block runs, GitHub ignores workflow commands in the output of jobs."""
    if streams.ci is not CiSystem.GITHUB:
        yield
        return
    token = os.urandom(16).hex()
    streams.raw(f"::stop-commands::{token}\n")
    try:
        yield
    finally:
        # A job may have left its line open.
        streams.raw(f"\n::{token}::\n")


@contextmanager
def group(streams: Streams, title: str) -> Iterator[None]:
    """Fold what is printed in the block under `title`."""
    title = one_line(title)
    if streams.ci is CiSystem.GITHUB:
        streams.raw(f"::group::{_escaped(title)}\n")
        yield
        streams.raw("::endgroup::\n")
    elif streams.ci is CiSystem.GITLAB:
        name = f"taipy_exec_{os.urandom(4).hex()}"
        options = "[collapsed=true]"
        streams.raw(f"\x1b[0Ksection_start:{time.time():.0f}:{name}{options}\r\x1b[0K{title}\n")
        yield
        streams.raw(f"\x1b[0Ksection_end:{time.time():.0f}:{name}\r\x1b[0K\n")
    else:
        yield


def annotate(streams: Streams, job: JobRecord, message: str, workspace: str | None) -> None:
    """An error annotation of GitHub, at the line of the user's code if that is known."""
    properties = {"title": f"task {job.task} failed"}
    place = _place(job, workspace)
    if place:
        properties = {"file": place[0], "line": place[1], **properties}
    told = ",".join(f"{name}={_escaped_property(value)}" for name, value in properties.items())
    streams.raw(f"::error {told}::{_escaped(visible(message[:_LONGEST_MESSAGE]))}\n")


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped(one_line(text)).replace(":", "%3A").replace(",", "%2C")


def _place(job: JobRecord, workspace: str | None) -> tuple[str, str] | None:
    """File (from the workspace on) and line of the last frame in the user's repository."""
    trace = job.failure.traceback if job.failure else None
    if not trace or not workspace:
        return None
    for file, line in reversed(_FRAME.findall(trace)):
        path = Path(os.path.realpath(file))
        root = Path(os.path.realpath(workspace))
        if path.is_relative_to(root) and "site-packages" not in path.parts:
            return str(path.relative_to(root)), line
    return None

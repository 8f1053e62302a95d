"""Leaving secrets out of the output of commands that do not read the application themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

from taipy_exec.config.redaction import redaction
from taipy_exec.errors import TaipyExecError
from taipy_exec.model.job import JobRecord
from taipy_exec.operations.location import Location


def redaction_for(location: Location) -> Callable[[str], str]:
    """The redaction of the application there, which is read only once there is a text.

    The settings of a Python file are not known: the file would have to be imported.
    """
    from taipy_exec.operations.application import read_application

    @cache
    def known() -> Callable[[str], str]:
        try:
            if location.found.toml is None:
                return redaction(None)
            return redaction(read_application(location).config)
        except TaipyExecError:
            return redaction(None)

    return lambda text: known()(text)


def discreet(job: JobRecord, redacted: Callable[[str], str]) -> JobRecord:
    """The job with secrets left out of its failure."""
    failure = job.failure
    if failure is None:
        return job
    trace = failure.traceback and redacted(failure.traceback)
    return replace(
        job, failure=replace(failure, message=redacted(failure.message), traceback=trace)
    )

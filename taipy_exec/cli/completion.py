"""Suggestions of the shell after Tab: quick, never an error, and nothing is written or imported.

A Python file would have to be imported: its scenarios are suggested from earlier submissions.
"""

from __future__ import annotations

import functools
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import typer

if TYPE_CHECKING:
    from taipy_exec.config.application_path import ApplicationPath
    from taipy_exec.store.quick_read import QuickJob, QuickSubmission

Suggestion = tuple[str, str]
Completer = Callable[[typer.Context, str], list[Suggestion]]

# Characters that mean nothing special to any shell; zsh evaluates what it is given.
_PLAIN = re.compile(r"[\w.+/=,@%-]+")
_NOT_PLAIN = re.compile(r"[^\w .,/%+-]")
_USUAL_ID = re.compile(r"(?:SUBMISSION|JOB)_.*?[0-9a-f]{8}-[0-9a-f-]{27}")


# Typer inspects each completer when the command starts, which takes longer than most commands do.
_IS_ASKED = "_TAIPY_EXEC_COMPLETE" in os.environ


def _quietly(completer: Completer) -> Completer | None:
    """After any error nothing is suggested; text that a shell might evaluate is left out.

    None if the shell does not ask.
    """
    if not _IS_ASKED:
        return None

    @functools.wraps(completer)
    def suggestions(ctx: typer.Context, incomplete: str) -> list[Suggestion]:
        try:
            found = dict(completer(ctx, incomplete))
        except (Exception, SystemExit):
            return []
        return [(v, _NOT_PLAIN.sub(" ", told)) for v, told in found.items() if _PLAIN.fullmatch(v)]

    return suggestions


# -- what was submitted -------------------------------------------------------------------


@_quietly
def submissions(ctx: typer.Context, incomplete: str) -> list[Suggestion]:
    """The latest submissions."""
    return _submissions(ctx, incomplete, lambda record: True)


@_quietly
def running_submissions(ctx: typer.Context, incomplete: str) -> list[Suggestion]:
    """Submissions that have not ended."""
    return _submissions(ctx, incomplete, lambda record: not record.has_ended)


@_quietly
def submissions_and_jobs(ctx: typer.Context, incomplete: str) -> list[Suggestion]:
    """The latest submissions and their jobs."""
    return _with_jobs(ctx, incomplete, lambda one: True)


@_quietly
def running_submissions_and_jobs(ctx: typer.Context, incomplete: str) -> list[Suggestion]:
    """Submissions and jobs that have not ended."""
    return _with_jobs(ctx, incomplete, lambda one: not one.has_ended)


@_quietly
def failed_submissions_and_jobs(ctx: typer.Context, incomplete: str) -> list[Suggestion]:
    """The ids that `retry` takes; an ABANDONED job only together with the job it waited for."""
    return _with_jobs(
        ctx, incomplete, lambda one: one.has_ended and one.status in ("FAILED", "CANCELED")
    )


def _submissions(
    ctx: typer.Context, incomplete: str, wanted: Callable[[QuickSubmission], bool]
) -> list[Suggestion]:
    from taipy_exec.store.quick_read import quick_submissions

    found = []
    for record in quick_submissions(_state_folder(ctx)):
        if wanted(record):
            at = time.strftime("%d %b %H.%M", time.localtime(record.created_at))
            told = f"{record.status.lower()}, {record.scenario}, {at}"
            found.append((_id(record, incomplete), told))
    return found


def _with_jobs(
    ctx: typer.Context,
    incomplete: str,
    wanted: Callable[[QuickSubmission | QuickJob], bool],
) -> list[Suggestion]:
    from taipy_exec.store.quick_read import quick_jobs

    return _submissions(ctx, incomplete, wanted) + [
        (_id(job, incomplete), f"{job.status.lower()}, {job.task}")
        for job in quick_jobs(_state_folder(ctx), incomplete)
        if wanted(job)
    ]


def _id(one: QuickSubmission | QuickJob, incomplete: str) -> str:
    """As much of an id as names it, or all of it if more than that was typed."""
    is_usual = _USUAL_ID.fullmatch(one.id) is not None
    return one.short_id if is_usual and one.short_id.startswith(incomplete) else one.id


# -- what is configured -------------------------------------------------------------------


@_quietly
def scenarios(ctx: typer.Context, incomplete: str) -> list[Suggestion]:
    """Scenarios of the configuration, and of earlier submissions."""
    from taipy_exec.store.quick_read import quick_submissions

    known = [(id, "") for id in _section(ctx, "SCENARIO")]
    return known + [(r.scenario, "") for r in quick_submissions(_state_folder(ctx))]


@_quietly
def names(ctx: typer.Context, incomplete: str) -> list[Suggestion]:
    """Names of scenario instances of earlier submissions."""
    from taipy_exec.store.quick_read import quick_submissions

    wanted = ctx.params.get("scenario")
    return [
        (record.name, record.scenario)
        for record in quick_submissions(_state_folder(ctx))
        if wanted in (None, record.scenario)
    ]


@_quietly
def sequences(ctx: typer.Context, incomplete: str) -> list[Suggestion]:
    """Sequences of the scenario."""
    return [
        (str(name), id)
        for id, scenario in _scenarios(ctx)
        for name in cast("Mapping[str, Any]", scenario.get("sequences", {}))
    ]


@_quietly
def tasks(ctx: typer.Context, incomplete: str) -> list[Suggestion]:
    """Tasks of the scenario; after a comma, one more."""
    from taipy_exec.store.quick_read import quick_jobs

    before = incomplete.rpartition(",")
    head = before[0] + before[1]
    found = [_name(task) for _, scenario in _scenarios(ctx) for task in scenario.get("tasks", ())]
    if not found:
        found = [job.task for job in quick_jobs(_state_folder(ctx), "JOB_")]
    given = set(before[0].split(","))
    return [(head + task, "") for task in found if task not in given]


@_quietly
def data_nodes(ctx: typer.Context, incomplete: str) -> list[Suggestion]:
    """Data nodes of the configuration."""
    return [(id, _storage(table)) for id, table in _section(ctx, "DATA_NODE").items()]


@_quietly
def values(ctx: typer.Context, incomplete: str) -> list[Suggestion]:
    """The beginning of a NODE=VALUE."""
    return [(f"{id}=", _storage(table)) for id, table in _section(ctx, "DATA_NODE").items()]


def _section(ctx: typer.Context, name: str) -> dict[str, Any]:
    """The entries of a section of the TOML file, without the defaults."""
    import tomllib

    toml = _found(ctx).toml
    if toml is None:
        return {}
    section = tomllib.loads(toml.read_text(encoding="utf-8-sig")).get(name, {})
    return {id: table for id, table in section.items() if id != "default"}


def _scenarios(ctx: typer.Context) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """The scenario that was chosen, or all."""
    chosen = ctx.params.get("scenario")
    return [(id, s) for id, s in _section(ctx, "SCENARIO").items() if chosen in (None, id)]


def _name(reference: object) -> str:
    return str(reference).removesuffix(":SECTION")


def _storage(table: Mapping[str, Any]) -> str:
    return str(table.get("storage_type", "pickle"))


# -- what there is to choose from ---------------------------------------------------------


@_quietly
def modes(ctx: typer.Context, incomplete: str) -> list[Suggestion]:
    """The modes that this installation can run."""
    from taipy_exec.config.modes import runner_modes

    return [(mode, "") for mode, why_not in runner_modes().items() if why_not is None]


def one_of(*words: str) -> Completer | None:
    """Suggests these words."""

    @_quietly
    def complete(ctx: typer.Context, incomplete: str) -> list[Suggestion]:
        return [(word, "") for word in words]

    return complete


# -- where the application is -------------------------------------------------------------


def _application(ctx: typer.Context) -> Path:
    given = ctx.params.get("application_path")
    if "app" in ctx.params:
        # While an option still lacks its value, positional arguments cannot be distinguished.
        given = ctx.args[0] if ctx.args else ctx.params["app"]
    return Path(str(given or ".")).expanduser()


def _found(ctx: typer.Context) -> ApplicationPath:
    from taipy_exec.config.application_path import find_application

    return find_application(_application(ctx), _folder(ctx, "root"))


def _folder(ctx: typer.Context, option: str) -> Path | None:
    chosen = ctx.params.get(option)
    return Path(str(chosen)).expanduser() if chosen else None


def _state_folder(ctx: typer.Context) -> Path:
    from taipy_exec.config.application_path import state_folder
    from taipy_exec.errors import ConfigurationError

    chosen = _folder(ctx, "state_dir")
    try:
        return _found(ctx).state_folder(chosen)
    except ConfigurationError:
        path = _application(ctx).absolute()
        return state_folder(path if path.is_dir() else path.parent, chosen)

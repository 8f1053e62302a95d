"""A forecast as JSON, and in a sentence."""

from __future__ import annotations

from taipy_exec.engine.forecast import Forecast
from taipy_exec.views.words import duration

_ACTIONS = ("run", "skip", "wait", "ended")
_SHOWN_UNMEASURED = 3


def forecast_shape(found: Forecast) -> dict[str, object]:
    """The JSON of a forecast, as `plan --json` prints it."""
    jobs = [
        {
            "task": job.task,
            "action": job.action,
            "reason": job.reason,
            "usual_duration": job.usual_duration,
        }
        for job in found.jobs
    ]
    return {
        "carries_on": found.carries_on,
        "workers": found.workers,
        "expected_duration": None if found.unmeasured else found.least_duration,
        "least_duration": found.least_duration,
        "jobs": jobs,
    }


def forecast_sentence(found: Forecast) -> str:
    """How many jobs would run, be skipped or wait, and how long that takes."""
    counts = {action: sum(job.action == action for job in found.jobs) for action in _ACTIONS}
    parts = [f"{counts['run']} to run", f"{counts['skip']} up to date"]
    if counts["wait"]:
        parts.append(f"{counts['wait']} waiting for data")
    if counts["ended"]:
        parts.append(f"{counts['ended']} ended already")
    told = ", ".join(parts)
    return f"{told}; {expectation(found)}" if counts["run"] else told


def expectation(found: Forecast) -> str:
    """How long the jobs that would run take together, in words."""
    if all(job.usual_duration is None for job in found.jobs if job.action == "run"):
        return "duration unknown (no earlier run)"
    if found.workers is None:
        slots = "with enough workers"
    else:
        slots = f"with {found.workers} worker{'s' if found.workers > 1 else ''}"
    took = f"{duration(found.least_duration)} {slots}"
    # A task runs in each combination of a sweep.
    unmeasured = list(dict.fromkeys(found.unmeasured))
    if not unmeasured:
        return f"about {took}"
    names = ", ".join(unmeasured[:_SHOWN_UNMEASURED])
    more = len(unmeasured) - _SHOWN_UNMEASURED
    rest = f" and {more} more" if more > 0 else ""
    return f"at least {took}: {names}{rest} never ran to the end"

"""All checks of `doctor`, in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taipy_exec.config.modes import capabilities
from taipy_exec.operations.cluster import place_of
from taipy_exec.operations.doctor.diagnosis import Finding, check_installation, read
from taipy_exec.operations.doctor.folder import check_folders
from taipy_exec.operations.doctor.machine import check_machine

if TYPE_CHECKING:
    from taipy_exec.config.application import AppConfig
    from taipy_exec.operations.location import Location


def examine(
    location: Location, application: str | None, mode: str | None, broker_url: str | None
) -> list[Finding]:
    """The findings about this machine, the application and, in cluster mode, its broker.

    With the name of an `application`, only its broker is looked at. Raises ConfigurationError for
    a wrong address of the broker.
    """
    findings = check_installation()
    config = None
    if application is None:
        config, found = read(location, mode)
        findings += found
        findings += check_folders(config, location.app) if config else []
        findings += check_machine(*_jobs(config))
    if application is not None or (config is not None and config.job.mode == "cluster"):
        from taipy_exec.operations.doctor.broker import check_cluster, without_doubts_settled

        place = place_of(location, application, broker_url) if config is None else None
        findings = without_doubts_settled([*findings, *check_cluster(config, place, broker_url)])
    return findings


def _jobs(config: AppConfig | None) -> tuple[int, bool]:
    """How many jobs run at once on this machine, and whether each has its own process."""
    if config is None:
        return 1, True
    can = capabilities(config.job.mode)
    # On other machines it is a worker that has the processes, by default one at a time.
    return can.slots(config.job.workers) or 1, not can.in_callers_thread

"""Cancel a job that another process runs, or ran before it died."""

from __future__ import annotations

import time
from contextlib import closing
from functools import partial

from taipy_exec.config.application import AppConfig
from taipy_exec.engine.admission import cancel_lost_job, resume_plan
from taipy_exec.model.job import SubmissionRecord
from taipy_exec.store.store import Store
from taipy_exec.wiring import revoke


def cancel_elsewhere(store: Store, app: AppConfig, record: SubmissionRecord, job: str) -> None:
    """Ask the process that runs a job to cancel it. If that process is dead, cancel the job here.

    Raises ConfigurationError if that process is dead, and the configuration is not that of the
    submission any more.
    """
    if not store.is_interrupted(record):
        store.request_cancel(record.id, job, time.time())
        return
    with closing(store.coordinate()) as identity:
        plan = resume_plan(store, app, record, identity.name)
        cancel_lost_job(store, plan, job, partial(revoke, app))

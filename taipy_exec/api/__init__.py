"""Taipy's names for configuring and running jobs from Python."""

from taipy_exec.api.configuration import Config
from taipy_exec.api.data_node import DataNode
from taipy_exec.api.functions import (
    Orchestrator,
    cancel_job,
    compare_scenarios,
    create_global_data_node,
    create_scenario,
    delete,
    exists,
    get,
    get_data_nodes,
    get_jobs,
    get_latest_job,
    get_latest_submission,
    get_scenarios,
    get_sequences,
    get_submissions,
    get_tasks,
    is_submittable,
    run,
    submit,
    subscribe_scenario,
    unsubscribe_scenario,
)
from taipy_exec.api.job import Job, Submission
from taipy_exec.api.scenario import Scenario, Task
from taipy_exec.api.scenario import Sequence_ as Sequence
from taipy_exec.config.typed_text import Frequency, Scope
from taipy_exec.data.mongo_collection import MongoDefaultDocument
from taipy_exec.data.operators import JoinOperator, Operator
from taipy_exec.execution.limits import JobTimeout
from taipy_exec.model.status import Status, SubmissionStatus

Core = Orchestrator

__all__ = [
    "Config",
    "Core",
    "DataNode",
    "Frequency",
    "Job",
    "JobTimeout",
    "JoinOperator",
    "MongoDefaultDocument",
    "Operator",
    "Orchestrator",
    "Scenario",
    "Scope",
    "Sequence",
    "Status",
    "Submission",
    "SubmissionStatus",
    "Task",
    "cancel_job",
    "compare_scenarios",
    "create_global_data_node",
    "create_scenario",
    "delete",
    "exists",
    "get",
    "get_data_nodes",
    "get_jobs",
    "get_latest_job",
    "get_latest_submission",
    "get_scenarios",
    "get_sequences",
    "get_submissions",
    "get_tasks",
    "is_submittable",
    "run",
    "submit",
    "subscribe_scenario",
    "unsubscribe_scenario",
]

"""Taipy's names for configuring and running jobs from Python."""

from typing import NewType

from taipy_exec.api.configuration import Config
from taipy_exec.api.cycle import Cycle
from taipy_exec.api.data_node import DataNode
from taipy_exec.api.deletion import clean_all_entities, delete, delete_job, delete_jobs
from taipy_exec.api.functions import (
    Orchestrator,
    cancel_job,
    compare_scenarios,
    create_global_data_node,
    create_scenario,
    get,
    get_cycles,
    get_cycles_scenarios,
    get_data_nodes,
    get_entities_by_config_id,
    get_jobs,
    get_latest_job,
    get_latest_submission,
    get_parents,
    get_primary,
    get_primary_scenarios,
    get_scenarios,
    get_sequences,
    get_submissions,
    get_tasks,
    run,
    set,
    set_primary,
    submit,
    subscribe_scenario,
    subscribe_sequence,
    tag,
    unsubscribe_scenario,
    unsubscribe_sequence,
    untag,
)
from taipy_exec.api.job import Job
from taipy_exec.api.permissions import (
    can_create,
    exists,
    is_deletable,
    is_editable,
    is_promotable,
    is_readable,
    is_submittable,
)
from taipy_exec.api.scenario import Scenario
from taipy_exec.api.sequence import Sequence
from taipy_exec.api.submission import Submission
from taipy_exec.api.submittable import Submittable
from taipy_exec.api.sweep import Sweep, sweep
from taipy_exec.api.task import Task
from taipy_exec.config.typed_text import Frequency, Scope
from taipy_exec.data.mongo_collection import MongoDefaultDocument
from taipy_exec.data.operators import JoinOperator, Operator
from taipy_exec.errors import SubmissionFailed
from taipy_exec.execution.limits import JobTimeout
from taipy_exec.model.status import Status, SubmissionStatus

Core = Orchestrator

# For annotations, as Taipy has them.
CycleId = NewType("CycleId", str)
DataNodeId = NewType("DataNodeId", str)
JobId = NewType("JobId", str)
ScenarioId = NewType("ScenarioId", str)
SequenceId = NewType("SequenceId", str)
SubmissionId = NewType("SubmissionId", str)
TaskId = NewType("TaskId", str)

__all__ = [
    "Config",
    "Core",
    "Cycle",
    "CycleId",
    "DataNode",
    "DataNodeId",
    "Frequency",
    "Job",
    "JobId",
    "JobTimeout",
    "JoinOperator",
    "MongoDefaultDocument",
    "Operator",
    "Orchestrator",
    "Scenario",
    "ScenarioId",
    "Scope",
    "Sequence",
    "SequenceId",
    "Status",
    "Submission",
    "SubmissionFailed",
    "SubmissionId",
    "SubmissionStatus",
    "Submittable",
    "Sweep",
    "Task",
    "TaskId",
    "can_create",
    "cancel_job",
    "clean_all_entities",
    "compare_scenarios",
    "create_global_data_node",
    "create_scenario",
    "delete",
    "delete_job",
    "delete_jobs",
    "exists",
    "get",
    "get_cycles",
    "get_cycles_scenarios",
    "get_data_nodes",
    "get_entities_by_config_id",
    "get_jobs",
    "get_latest_job",
    "get_latest_submission",
    "get_parents",
    "get_primary",
    "get_primary_scenarios",
    "get_scenarios",
    "get_sequences",
    "get_submissions",
    "get_tasks",
    "is_deletable",
    "is_editable",
    "is_promotable",
    "is_readable",
    "is_submittable",
    "run",
    "set",
    "set_primary",
    "submit",
    "subscribe_scenario",
    "subscribe_sequence",
    "sweep",
    "tag",
    "unsubscribe_scenario",
    "unsubscribe_sequence",
    "untag",
]

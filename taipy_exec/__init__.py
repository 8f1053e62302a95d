"""taipy-exec: run the job graph of a Taipy configuration from Python.

    import taipy_exec as tp
    from taipy_exec import Config

gives Taipy's names for the part that is about running jobs; `taipy_exec.api` holds them.
"""

from taipy_exec.version import __version__

_API = (
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
)

__all__ = [*_API, "__version__", "progress"]  # noqa: PLE0604 - names from the lazy API below


def __getattr__(name: str) -> object:
    """Load the API at the first use of one of its names: the command line needs none."""
    # Jobs use these two, in processes that need nothing else of the API.
    if name == "progress":
        from taipy_exec.execution.progress import progress

        return progress
    if name == "JobTimeout":
        from taipy_exec.execution.limits import JobTimeout

        return JobTimeout
    if name in _API:
        from taipy_exec import api

        return getattr(api, name)
    raise AttributeError(f"module 'taipy_exec' has no attribute {name!r}")

"""taipy-exec: run the job graph of a Taipy configuration from Python.

    import taipy_exec as tp
    from taipy_exec import Config

gives Taipy's names for the part that is about running jobs; `taipy_exec.api` holds them.
"""

from taipy_exec.version import __version__

_API = (
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
)

__all__ = [*_API, "__version__"]  # noqa: PLE0604 - names from the lazy API below


def __getattr__(name: str) -> object:
    """Load the API at the first use of one of its names: the command line needs none."""
    if name in _API:
        from taipy_exec import api

        return getattr(api, name)
    raise AttributeError(f"module 'taipy_exec' has no attribute {name!r}")

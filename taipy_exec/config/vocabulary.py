"""The names that the dialect knows: sections, keys, storage types and reserved ids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

FLAT_SECTIONS = ("TAIPY", "JOB", "CORE")
ENTRY_SECTIONS = ("DATA_NODE", "TASK", "SCENARIO")
SECTIONS = FLAT_SECTIONS + ENTRY_SECTIONS

# Both names of the user's main script. Taipy writes the second one from a spawned child.
MAIN_NAMES = ("__main__", "__mp_main__")

# Sections of Taipy's other packages and editions. taipy-exec ignores them without a warning.
FOREIGN_SECTIONS = frozenset(
    {"gui", "GUI", "REST", "rest", "AUTHENTICATION", "TELEMETRY", "VERSION_MIGRATION"}
)


class Setting(NamedTuple):
    """The values that a key may have: `kinds`, in words `wanted`, and the range, if any."""

    kinds: type | tuple[type, ...]
    wanted: str
    least: float | None = None
    most: float | None = None


# Properties of tasks that define how jobs run. They do not affect a job's outputs.
RUN_PROPERTIES = (
    "retries",
    "retry_delay",
    "retry_on",
    "timeout",
    "hard_timeout",
    "priority",
    "pool",
    "max_memory",
)

# Properties of data nodes that define how they are shown. They do not affect jobs either.
SHOWN_PROPERTIES = ("report",)

# The order in which ready jobs start.
SCHEDULES = ("critical-path", "fifo")

# The rule that decides whether a skippable task is up to date.
CACHES = ("time", "content")

# The action of a worker whose code of a task differs from the submitter's.
CODE_CHECKS = ("refuse", "warn", "off")

_SECONDS = ((int, float), "a number of seconds")

# Keys of [JOB] that cluster mode reads. `ClusterConfig` has their defaults.
CLUSTER_KEYS: Mapping[str, Setting] = {
    "application": Setting(str, "a text"),
    "broker_url": Setting((str, list, tuple), "an address or a list of addresses"),
    "broker_password_file": Setting(str, "a path"),
    "broker_ca_file": Setting(str, "a path"),
    "broker_cert_file": Setting(str, "a path"),
    "broker_key_file": Setting(str, "a path"),
    "broker_verify": Setting(bool, "True or False"),
    "broker_heartbeat": Setting(int, "a whole number of seconds", 5, 3600),
    "broker_prefetch": Setting(int, "a whole number", 0, 10_000),
    "broker_delivery_limit": Setting(int, "a whole number", 1, 1_000_000),
    "broker_ack_after": Setting(*_SECONDS, 0, 86_400),
    "broker_lease": Setting(*_SECONDS, 1, 86_400),
    "broker_connect_timeout": Setting(*_SECONDS, 0.1, 86_400),
}

# Keys of [JOB] that define where submissions are reported. Only the coordinator uses them.
WATCH_KEYS = ("on_event", "webhook_url", "traces")

KEYS: Mapping[str, tuple[str, ...]] = {
    "JOB": (
        "mode",
        "max_nb_of_workers",
        "max_jobs_per_process",
        "max_attempts",
        "grace",
        "log_limit",
        "cache",
        "schedule",
        "check_code",
        "pools",
        "environment",
        *WATCH_KEYS,
        *CLUSTER_KEYS,
    ),
    "CORE": (
        "root_folder",
        "storage_folder",
        "taipy_storage_folder",
        "repository_type",
        "repository_properties",
        "read_entity_retry",
        "mode",
        "version_number",
        "force",
        "core_version",
    ),
    "TASK": ("function", "inputs", "outputs", "skippable"),
    "SCENARIO": ("tasks", "additional_data_nodes", "frequency", "comparators", "sequences"),
    "DATA_NODE": ("storage_type", "scope", "validity_period", *SHOWN_PROPERTIES),
}

_FILE = {"default_path": None, "path": None, "default_data": None}
_TABLE = {"has_header": True, "exposed_type": "pandas"}
_SQL = {
    "db_username": None,
    "db_password": None,
    "db_host": None,
    "db_port": None,
    "db_driver": None,
    "db_extra_args": None,
    "sqlite_folder_path": None,
    "sqlite_file_extension": None,
    "exposed_type": "pandas",
}

# Storage type -> its properties with Taipy's defaults.
STORAGE_PROPERTIES: Mapping[str, Mapping[str, Any]] = {
    "pickle": _FILE,
    "in_memory": {"default_data": None},
    "json": {**_FILE, "encoding": "utf-8", "encoder": None, "decoder": None},
    "csv": {**_FILE, "encoding": "utf-8", **_TABLE, "index": None},
    "excel": {**_FILE, "sheet_name": None, **_TABLE, "index": None},
    "parquet": {
        **_FILE,
        "engine": "pyarrow",
        "compression": "snappy",
        "read_kwargs": None,
        "write_kwargs": None,
        "exposed_type": "pandas",
    },
    "sql_table": {"db_name": None, "db_engine": None, "table_name": None, **_SQL, "index": None},
    "sql": {
        "db_name": None,
        "db_engine": None,
        "read_query": None,
        "write_query_builder": None,
        "append_query_builder": None,
        **_SQL,
    },
    "mongo_collection": {
        "db_name": None,
        "collection_name": None,
        "custom_document": None,
        "db_username": None,
        "db_password": None,
        "db_host": None,
        "db_port": None,
        "db_driver": None,
        "db_extra_args": None,
    },
    "generic": {
        "read_fct": None,
        "write_fct": None,
        "read_fct_args": None,
        "write_fct_args": None,
    },
    "s3_object": {
        "aws_access_key": None,
        "aws_secret_access_key": None,
        "aws_s3_bucket_name": None,
        "aws_s3_object_key": None,
        "aws_region": None,
        "aws_s3_object_parameters": None,
        "aws_endpoint_url": None,
    },
}

# Properties that hold a secret, also inside the table of another one, in small letters. They are
# shown nowhere, and do not decide about what is the same configuration.
SECRET_PROPERTIES = frozenset(
    {
        "authmechanismproperties",
        "aws_access_key",
        "aws_secret_access_key",
        "aws_session_token",
        "copysourcessecustomerkey",
        "db_password",
        "passwd",
        "password",
        "pwd",
        "ssecustomerkey",
        "sslpassword",
        "tlscertificatekeyfilepassword",
        "webhook_url",
    }
)
# Properties whose value is a table that may hold some of them.
SECRET_TABLES = ("db_extra_args", "aws_s3_object_parameters")

# Keys whose value is a path of the user's.
PATH_KEYS: Mapping[str, tuple[str, ...]] = {
    "JOB": tuple(key for key in CLUSTER_KEYS if key.endswith("_file")),
    "CORE": ("root_folder", "storage_folder", "taipy_storage_folder"),
    "DATA_NODE": ("path", "default_path", "sqlite_folder_path"),
}

# Ids that Taipy refuses because they are attributes of its tasks or scenarios.
SCENARIO_ATTRIBUTES = frozenset(
    {
        "additional_data_nodes",
        "config_id",
        "creation_date",
        "cycle",
        "data_nodes",
        "is_primary",
        "name",
        "owner_id",
        "properties",
        "sequences",
        "subscribers",
        "tags",
        "tasks",
        "version",
    }
)
NODE_RESERVED = SCENARIO_ATTRIBUTES | {
    "function",
    "input",
    "output",
    "parent_ids",
    "scope",
    "skippable",
}
FORBIDDEN_IN_IDS = ("CYCLE", "SCENARIO", "SEQUENCE", "TASK", "DATANODE")

# The header of a message whose body was too large to be read: its size in bytes.
TOO_LARGE = "taipy-exec-too-large"

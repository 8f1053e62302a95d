"""The tables, version by version. A released version's script never changes."""

from __future__ import annotations

import sqlite3

from taipy_exec.model.status import FINAL, Status, SubmissionStatus


def _names(statuses: object) -> str:
    return ", ".join(f"'{status.name}'" for status in statuses)  # type: ignore[attr-defined]


_FINAL = _names(sorted(FINAL, key=lambda status: status.value))

# The constraints repeat the state model: the store refuses what `decide` never does.
_VERSION_1 = f"""
CREATE TABLE instances (
    id          TEXT PRIMARY KEY,
    scenario    TEXT NOT NULL,
    name        TEXT NOT NULL,
    created_at  REAL NOT NULL,
    cycle       TEXT NOT NULL DEFAULT '',
    properties  TEXT NOT NULL DEFAULT '{{}}'
) STRICT;
CREATE INDEX instances_by_name ON instances (scenario, name, created_at);

CREATE TABLE submissions (
    id            TEXT PRIMARY KEY,
    scenario      TEXT NOT NULL,
    instance      TEXT NOT NULL REFERENCES instances (id),
    name          TEXT NOT NULL,
    target        TEXT NOT NULL,
    mode          TEXT NOT NULL,
    status        TEXT NOT NULL CHECK (status IN ({_names(SubmissionStatus)})),
    force         INTEGER NOT NULL CHECK (force IN (0, 1)),
    fail_fast     INTEGER NOT NULL CHECK (fail_fast IN (0, 1)),
    config_digest TEXT NOT NULL,
    created_at    REAL NOT NULL,
    finished_at   REAL,
    coordinator   TEXT,
    properties    TEXT NOT NULL DEFAULT '{{}}'
) STRICT;
CREATE INDEX submissions_by_time ON submissions (created_at);
CREATE INDEX submissions_unfinished ON submissions (instance) WHERE finished_at IS NULL;

-- Rows in the order of the graph: jobs that run one after the other share a page, and a commit
-- writes few of them.
CREATE TABLE jobs (
    number       INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    submission   TEXT NOT NULL REFERENCES submissions (id) ON DELETE CASCADE,
    position     INTEGER NOT NULL,
    task         TEXT NOT NULL,
    status       TEXT NOT NULL CHECK (status IN ({_names(Status)})),
    reason       TEXT,
    attempt      INTEGER NOT NULL CHECK (attempt >= 1),
    worker       TEXT,
    submitted_at REAL NOT NULL,
    blocked_at   REAL,
    pending_at   REAL,
    started_at   REAL,
    finished_at  REAL,
    duration     REAL CHECK (duration >= 0),
    peak_memory  INTEGER,
    error        TEXT,
    CHECK ((finished_at IS NOT NULL) = (status IN ({_FINAL}))),
    CHECK (status <> 'RUNNING' OR (started_at IS NOT NULL AND worker IS NOT NULL)),
    CHECK (status <> 'COMPLETED' OR started_at IS NOT NULL),
    CHECK (error IS NULL OR status = 'FAILED')
) STRICT;
CREATE UNIQUE INDEX jobs_by_submission ON jobs (submission, position);

CREATE TABLE requests (
    number     INTEGER PRIMARY KEY,
    kind       TEXT NOT NULL CHECK (kind = 'cancel'),
    submission TEXT NOT NULL REFERENCES submissions (id) ON DELETE CASCADE,
    job        TEXT,
    at         REAL NOT NULL
) STRICT;

CREATE TABLE edits (
    number  INTEGER PRIMARY KEY,
    node    TEXT NOT NULL,
    at      REAL NOT NULL,
    job     TEXT,
    editor  TEXT,
    comment TEXT,
    digest  TEXT
) STRICT;
CREATE INDEX edits_by_node ON edits (node, number);
"""

# For `cache = "content"`: the digests of a job's outputs and of their sources, and of files when
# they were last read (`stamp` shows whether a file has changed since). Also the notes that users of
# the Python API add to edits, and their locks.
_VERSION_2 = """
ALTER TABLE edits ADD COLUMN content TEXT;
ALTER TABLE edits ADD COLUMN made_from TEXT;
ALTER TABLE edits ADD COLUMN notes TEXT;

CREATE TABLE contents (
    path   TEXT PRIMARY KEY,
    stamp  TEXT NOT NULL,
    digest TEXT NOT NULL
) STRICT;

CREATE TABLE locks (
    node       TEXT PRIMARY KEY,
    editor     TEXT,
    expires_at REAL
) STRICT;
"""

# No more jobs of a paused submission are started. Any terminal may set it; the coordinator obeys.
_VERSION_3 = """
ALTER TABLE submissions ADD COLUMN paused INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1));
"""

# What programs set for scenario instances and cycles: the primary instance, tags, sequences
# (NULL: those of the configuration), and properties that differ from the configuration (NULL:
# removed). `owner` is the instance or the cycle with which the properties are removed.
# `global_nodes` are data nodes that a program has created without a scenario instance.
_VERSION_4 = """
ALTER TABLE instances ADD COLUMN is_primary INTEGER NOT NULL DEFAULT 0
    CHECK (is_primary IN (0, 1));
ALTER TABLE instances ADD COLUMN sequences TEXT;
CREATE INDEX instances_by_cycle ON instances (cycle, created_at);
CREATE INDEX submissions_by_instance ON submissions (instance, created_at);
UPDATE instances SET is_primary = 1 WHERE id IN (
    SELECT id FROM (
        SELECT id, row_number() OVER (PARTITION BY cycle ORDER BY created_at, rowid) AS place
        FROM instances WHERE cycle <> ''
    ) WHERE place = 1
);
CREATE UNIQUE INDEX primary_of_cycle ON instances (cycle) WHERE is_primary = 1;

CREATE TABLE cycles (
    id         TEXT PRIMARY KEY,
    name       TEXT,
    created_at REAL NOT NULL
) STRICT;
INSERT INTO cycles (id, created_at)
    SELECT cycle, min(created_at) FROM instances WHERE cycle <> '' GROUP BY cycle;

CREATE TABLE tags (
    instance TEXT NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    tag      TEXT NOT NULL,
    PRIMARY KEY (instance, tag)
) STRICT;

CREATE TABLE properties (
    entity TEXT NOT NULL,
    name   TEXT NOT NULL,
    value  TEXT,
    owner  TEXT NOT NULL,
    PRIMARY KEY (entity, name)
) STRICT;
CREATE INDEX properties_by_owner ON properties (owner);

CREATE TABLE global_nodes (
    id         TEXT PRIMARY KEY,
    created_at REAL NOT NULL
) STRICT;
"""

# The processor time that a job used. The column of its memory was filled only for jobs that died.
_VERSION_5 = """
ALTER TABLE jobs ADD COLUMN cpu_seconds REAL CHECK (cpu_seconds >= 0);
"""

MIGRATIONS: tuple[str, ...] = (_VERSION_1, _VERSION_2, _VERSION_3, _VERSION_4, _VERSION_5)
LATEST = len(MIGRATIONS)


def version_of(connection: sqlite3.Connection) -> int:
    """The schema version of an open store; 0 for an empty file."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the store to the latest version, with one transaction per step."""
    for number in range(version_of(connection), LATEST):
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Another process may have done this step during the wait for the lock.
            if version_of(connection) == number:
                for statement in MIGRATIONS[number].split(";"):
                    if statement.strip():
                        connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number + 1}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise

PRAGMA user_version = 4;
BEGIN TRANSACTION;
CREATE TABLE contents (
    path   TEXT PRIMARY KEY,
    stamp  TEXT NOT NULL,
    digest TEXT NOT NULL
) STRICT;
INSERT INTO "contents" VALUES('/srv/app/user_data/pickles/DATANODE_seed_eef23733-a871-5be3-9f99-c03b34b204bb.p','5 1795945852160293068 1795945852160293068 2146671','ee6c32ed6d10895fbd523f1637c50374fe48506c821286ad83416f51e69765b2');
INSERT INTO "contents" VALUES('/srv/app/user_data/pickles/DATANODE_sum_661019fc-3b05-5db7-8439-312d7d845d36.p','5 1795945853081075042 1795945853081075042 2146829','f20eca1c87acdcf3a9f44026687be53c96b2f817533b8d55da475996e5bacdc1');
CREATE TABLE cycles (
    id         TEXT PRIMARY KEY,
    name       TEXT,
    created_at REAL NOT NULL
) STRICT;
INSERT INTO "cycles" VALUES('CYCLE_MONTHLY_2026-05-01','the merry month',1.7959458588990321159e+09);
CREATE TABLE edits (
    number  INTEGER PRIMARY KEY,
    node    TEXT NOT NULL,
    at      REAL NOT NULL,
    job     TEXT,
    editor  TEXT,
    comment TEXT,
    digest  TEXT
, content TEXT, made_from TEXT, notes TEXT) STRICT;
INSERT INTO "edits" VALUES(1,'DATANODE_seed_eef23733-a871-5be3-9f99-c03b34b204bb',1.79594585216033864015e+09,NULL,'TAIPY','Default data written.','ee6c32ed6d10895f',NULL,NULL,NULL);
INSERT INTO "edits" VALUES(2,'DATANODE_sum_661019fc-3b05-5db7-8439-312d7d845d36',1.79594585308111739157e+09,'JOB_good_2f10da6e-5615-4b69-abca-90929e2fdd2c',NULL,NULL,NULL,'f20eca1c87acdcf3a9f44026687be53c96b2f817533b8d55da475996e5bacdc1','{"function": "b7fe629d08789427", "inputs": {"seed": "ee6c32ed6d10895fbd523f1637c50374fe48506c821286ad83416f51e69765b2"}, "nodes": {"seed": "9c3e0b34c8773ada", "sum": "9c3e0b34c8773ada"}, "order": [["seed"], ["sum"]], "properties": "44136fa355b3678a"}',NULL);
INSERT INTO "edits" VALUES(3,'DATANODE_seed_1fff7802-36ab-5f72-a0e4-836a645da4c4',1.79594585398139333729e+09,NULL,'TAIPY','Default data written.','ee6c32ed6d10895f',NULL,NULL,NULL);
INSERT INTO "edits" VALUES(4,'DATANODE_sum_d513ee66-7a6a-5b1f-98ee-931703f55e6c',1.7959458548043346405e+09,'JOB_good_fc1fec7a-13c7-42bb-9057-a821237e2bb3',NULL,NULL,NULL,'f20eca1c87acdcf3a9f44026687be53c96b2f817533b8d55da475996e5bacdc1','{"function": "b7fe629d08789427", "inputs": {"seed": "ee6c32ed6d10895fbd523f1637c50374fe48506c821286ad83416f51e69765b2"}, "nodes": {"seed": "9c3e0b34c8773ada", "sum": "9c3e0b34c8773ada"}, "order": [["seed"], ["sum"]], "properties": "44136fa355b3678a"}',NULL);
INSERT INTO "edits" VALUES(5,'DATANODE_seed_b40fa195-daf4-5d0f-9fd0-1eb3b2fcaffa',1.79594585791338014601e+09,NULL,'TAIPY','Default data written.','ee6c32ed6d10895f',NULL,NULL,NULL);
INSERT INTO "edits" VALUES(6,'DATANODE_sum_fe253417-b422-543e-9a6e-fbc6cc9c6a9d',1.7959458587288122177e+09,'JOB_good_488f75b9-e086-4ef1-be60-77f79a0464e2',NULL,NULL,NULL,'f20eca1c87acdcf3a9f44026687be53c96b2f817533b8d55da475996e5bacdc1','{"function": "b7fe629d08789427", "inputs": {"seed": "ee6c32ed6d10895fbd523f1637c50374fe48506c821286ad83416f51e69765b2"}, "nodes": {"seed": "9c3e0b34c8773ada", "sum": "9c3e0b34c8773ada"}, "order": [["seed"], ["sum"]], "properties": "44136fa355b3678a"}',NULL);
CREATE TABLE global_nodes (
    id         TEXT PRIMARY KEY,
    created_at REAL NOT NULL
) STRICT;
INSERT INTO "global_nodes" VALUES('DATANODE_shared_9c3e0b34-c877-53da-9f44-026687be53c9',1.79594585989903211594e+09);
CREATE TABLE instances (
    id          TEXT PRIMARY KEY,
    scenario    TEXT NOT NULL,
    name        TEXT NOT NULL,
    created_at  REAL NOT NULL,
    cycle       TEXT NOT NULL DEFAULT '',
    properties  TEXT NOT NULL DEFAULT '{}'
, is_primary INTEGER NOT NULL DEFAULT 0
    CHECK (is_primary IN (0, 1)), sequences TEXT) STRICT;
INSERT INTO "instances" VALUES('SCENARIO_s_e55ea1fb-c85f-4ff3-9d68-fbf88565fd36','s','s',1.79594585214170408254e+09,'','{}',0,NULL);
INSERT INTO "instances" VALUES('SCENARIO_s_8384080a-f265-4771-a578-60ca539602e7','s','may 2026',1.79594585395322608946e+09,'','{}',0,'{"ends": ["bad", "after"]}');
INSERT INTO "instances" VALUES('SCENARIO_s_6f7f3f73-1e19-4a73-89e6-9a0172cb7746','s','lost',1.79594585789903211587e+09,'','{}',0,NULL);
INSERT INTO "instances" VALUES('SCENARIO_s_first','s','first',1.7959458588990321159e+09,'CYCLE_MONTHLY_2026-05-01','{}',0,NULL);
INSERT INTO "instances" VALUES('SCENARIO_s_second','s','second',1.79594585989903211594e+09,'CYCLE_MONTHLY_2026-05-01','{}',1,NULL);
CREATE TABLE jobs (
    number       INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    submission   TEXT NOT NULL REFERENCES submissions (id) ON DELETE CASCADE,
    position     INTEGER NOT NULL,
    task         TEXT NOT NULL,
    status       TEXT NOT NULL CHECK (status IN ('SUBMITTED', 'BLOCKED', 'PENDING', 'RUNNING', 'CANCELED', 'FAILED', 'COMPLETED', 'SKIPPED', 'ABANDONED')),
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
    CHECK ((finished_at IS NOT NULL) = (status IN ('CANCELED', 'FAILED', 'COMPLETED', 'SKIPPED', 'ABANDONED'))),
    CHECK (status <> 'RUNNING' OR (started_at IS NOT NULL AND worker IS NOT NULL)),
    CHECK (status <> 'COMPLETED' OR started_at IS NOT NULL),
    CHECK (error IS NULL OR status = 'FAILED')
) STRICT;
INSERT INTO "jobs" VALUES(1,'JOB_good_2f10da6e-5615-4b69-abca-90929e2fdd2c','SUBMISSION_ff744ce7-b299-491c-940a-d23077564b59',0,'good','COMPLETED',NULL,1,'vm:15937',1.79594585224371337895e+09,NULL,1795945852.35043,1.79594585247024321559e+09,1.79594585308111739157e+09,2.24805149998701381264e-02,NULL,NULL);
INSERT INTO "jobs" VALUES(2,'JOB_bad_a8398680-f286-468d-890e-f0592e7920dd','SUBMISSION_ff744ce7-b299-491c-940a-d23077564b59',1,'bad','FAILED','raised',1,'vm:15936',1.79594585224371337895e+09,NULL,1795945852.35043,1.79594585241825032231e+09,1.79594585307941079135e+09,2.37752000000455154804e-02,NULL,'{"kind": "raised", "type": "ValueError", "message": "no such luck, n\u00e9e", "traceback": "Traceback (most recent call last):\n  File \"/srv/app/flow.py\", line 13, in bad\n    raise ValueError(\"no such luck, n\u00e9e\")\nValueError: no such luck, n\u00e9e\n"}');
INSERT INTO "jobs" VALUES(3,'JOB_after_2ba07806-4f21-42aa-9053-db464010cd1d','SUBMISSION_ff744ce7-b299-491c-940a-d23077564b59',2,'after','ABANDONED','upstream_failed',1,NULL,1.79594585224371337895e+09,1795945852.35043,NULL,NULL,1.79594585307941079135e+09,NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(4,'JOB_good_fc1fec7a-13c7-42bb-9057-a821237e2bb3','SUBMISSION_c43547cb-5478-4392-9c08-4e304fb8455a',0,'good','COMPLETED',NULL,1,'vm:15949',1.79594585407979941363e+09,NULL,1.79594585413266825675e+09,1.79594585416228222848e+09,1.7959458548043346405e+09,2.51337219999641092726e-02,NULL,NULL);
INSERT INTO "jobs" VALUES(5,'JOB_good_27008bd2-c6f4-4c26-9f61-98b805d06d26','SUBMISSION_a5f9a421-49aa-4688-a29f-414fb5166213',0,'good','SKIPPED','up_to_date',1,NULL,1.79594585623809337615e+09,NULL,1.79594585631613397596e+09,NULL,1.79594585635031771652e+09,NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(6,'JOB_bad_d62e20aa-8b74-475d-9ab8-0fe08a0aec4a','SUBMISSION_a5f9a421-49aa-4688-a29f-414fb5166213',1,'bad','FAILED','raised',1,'vm:15955',1.79594585623809337615e+09,NULL,1.79594585631613397596e+09,1.79594585634403061864e+09,1.79594585688204693794e+09,1.78836449999835167545e-02,NULL,'{"kind": "raised", "type": "ValueError", "message": "no such luck, n\u00e9e", "traceback": "Traceback (most recent call last):\n  File \"/srv/app/flow.py\", line 13, in bad\n    raise ValueError(\"no such luck, n\u00e9e\")\nValueError: no such luck, n\u00e9e\n"}');
INSERT INTO "jobs" VALUES(7,'JOB_after_d6b86514-30f2-49d4-af5b-c50d72a78525','SUBMISSION_a5f9a421-49aa-4688-a29f-414fb5166213',2,'after','ABANDONED','upstream_failed',1,NULL,1.79594585623809337615e+09,1.79594585631613397596e+09,NULL,NULL,1.79594585688204693794e+09,NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(8,'JOB_good_488f75b9-e086-4ef1-be60-77f79a0464e2','SUBMISSION_77f74c17-733f-4af7-84b0-628b7728ede4',0,'good','COMPLETED',NULL,1,'vm:15968',1.79594585797577834126e+09,NULL,1.7959458580444476604e+09,1.79594585809799194334e+09,1.7959458587288122177e+09,1.23363910001899057533e-02,NULL,NULL);
INSERT INTO "jobs" VALUES(9,'JOB_bad_2661dad8-c485-4a4b-b707-1f330f6683e5','SUBMISSION_77f74c17-733f-4af7-84b0-628b7728ede4',1,'bad','RUNNING',NULL,1,'vm:15967',1.79594585797577834126e+09,NULL,1.7959458580444476604e+09,1.79594585808227324486e+09,NULL,NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(10,'JOB_after_103e3332-bee3-4b53-aea8-b7d66ca99fc5','SUBMISSION_77f74c17-733f-4af7-84b0-628b7728ede4',2,'after','BLOCKED',NULL,1,NULL,1.79594585797577834126e+09,1.7959458580444476604e+09,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE locks (
    node       TEXT PRIMARY KEY,
    editor     TEXT,
    expires_at REAL
) STRICT;
INSERT INTO "locks" VALUES('DATANODE_seed_1fff7802-36ab-5f72-a0e4-836a645da4c4','ann',32503680000.0);
CREATE TABLE properties (
    entity TEXT NOT NULL,
    name   TEXT NOT NULL,
    value  TEXT,
    owner  TEXT NOT NULL,
    PRIMARY KEY (entity, name)
) STRICT;
INSERT INTO "properties" VALUES('SCENARIO_s_8384080a-f265-4771-a578-60ca539602e7','owner','"née"','SCENARIO_s_8384080a-f265-4771-a578-60ca539602e7');
INSERT INTO "properties" VALUES('SCENARIO_s_8384080a-f265-4771-a578-60ca539602e7','due','{"__type__": "Datetime", "__value__": "2026-05-31T00:00:00"}','SCENARIO_s_8384080a-f265-4771-a578-60ca539602e7');
INSERT INTO "properties" VALUES('CYCLE_MONTHLY_2026-05-01','budget','12','CYCLE_MONTHLY_2026-05-01');
CREATE TABLE requests (
    number     INTEGER PRIMARY KEY,
    kind       TEXT NOT NULL CHECK (kind = 'cancel'),
    submission TEXT NOT NULL REFERENCES submissions (id) ON DELETE CASCADE,
    job        TEXT,
    at         REAL NOT NULL
) STRICT;
CREATE TABLE submissions (
    id            TEXT PRIMARY KEY,
    scenario      TEXT NOT NULL,
    instance      TEXT NOT NULL REFERENCES instances (id),
    name          TEXT NOT NULL,
    target        TEXT NOT NULL,
    mode          TEXT NOT NULL,
    status        TEXT NOT NULL CHECK (status IN ('SUBMITTED', 'UNDEFINED', 'BLOCKED', 'PENDING', 'RUNNING', 'CANCELED', 'FAILED', 'COMPLETED')),
    force         INTEGER NOT NULL CHECK (force IN (0, 1)),
    fail_fast     INTEGER NOT NULL CHECK (fail_fast IN (0, 1)),
    config_digest TEXT NOT NULL,
    created_at    REAL NOT NULL,
    finished_at   REAL,
    coordinator   TEXT,
    properties    TEXT NOT NULL DEFAULT '{}'
, paused INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1))) STRICT;
INSERT INTO "submissions" VALUES('SUBMISSION_ff744ce7-b299-491c-940a-d23077564b59','s','SCENARIO_s_e55ea1fb-c85f-4ff3-9d68-fbf88565fd36','s','scenario','standalone','FAILED',0,0,'58b521c6ccb0cb21',1.79594585224371337895e+09,1.79594585308257031442e+09,'vm:15931:feca6d09656d4f44a5fc3a993ebf5c8f','{"reads": [], "writes": []}',0);
INSERT INTO "submissions" VALUES('SUBMISSION_c43547cb-5478-4392-9c08-4e304fb8455a','s','SCENARIO_s_8384080a-f265-4771-a578-60ca539602e7','may 2026','task:good','standalone','COMPLETED',0,0,'58b521c6ccb0cb21',1.79594585407979941363e+09,1.79594585480548858645e+09,'vm:15942:2fe294f068764be7a36b0a459e56a11c','{"reads": [], "writes": []}',0);
INSERT INTO "submissions" VALUES('SUBMISSION_a5f9a421-49aa-4688-a29f-414fb5166213','s','SCENARIO_s_e55ea1fb-c85f-4ff3-9d68-fbf88565fd36','s','scenario','standalone','FAILED',0,0,'58b521c6ccb0cb21',1.79594585623809337615e+09,1.79594585688277053828e+09,'vm:15951:20c14c17f678452b84f01d23367d0dde','{"reads": [], "writes": []}',0);
INSERT INTO "submissions" VALUES('SUBMISSION_77f74c17-733f-4af7-84b0-628b7728ede4','s','SCENARIO_s_6f7f3f73-1e19-4a73-89e6-9a0172cb7746','lost','scenario','standalone','RUNNING',0,0,'58b521c6ccb0cb21',1.79594585797577834126e+09,NULL,'vm:15960:1eb8307b6c2441cc9618405078ac44da','{"reads": [], "writes": []}',1);
CREATE TABLE tags (
    instance TEXT NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    tag      TEXT NOT NULL,
    PRIMARY KEY (instance, tag)
) STRICT;
INSERT INTO "tags" VALUES('SCENARIO_s_8384080a-f265-4771-a578-60ca539602e7','approved');
INSERT INTO "tags" VALUES('SCENARIO_s_8384080a-f265-4771-a578-60ca539602e7','draft');
CREATE INDEX instances_by_name ON instances (scenario, name, created_at);
CREATE INDEX submissions_by_time ON submissions (created_at);
CREATE INDEX submissions_unfinished ON submissions (instance) WHERE finished_at IS NULL;
CREATE UNIQUE INDEX jobs_by_submission ON jobs (submission, position);
CREATE INDEX edits_by_node ON edits (node, number);
CREATE INDEX instances_by_cycle ON instances (cycle, created_at);
CREATE UNIQUE INDEX primary_of_cycle ON instances (cycle) WHERE is_primary = 1;
CREATE INDEX properties_by_owner ON properties (owner);
COMMIT;

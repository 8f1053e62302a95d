PRAGMA user_version = 4;
BEGIN TRANSACTION;
CREATE TABLE contents (
    path   TEXT PRIMARY KEY,
    stamp  TEXT NOT NULL,
    digest TEXT NOT NULL
) STRICT;
INSERT INTO "contents" VALUES('/srv/app/user_data/pickles/DATANODE_seed_99e44191-b053-5c98-b72d-a53f2369a14f.p','5 1795947080003431163 1795947080003431163 2146803','ee6c32ed6d10895fbd523f1637c50374fe48506c821286ad83416f51e69765b2');
INSERT INTO "contents" VALUES('/srv/app/user_data/pickles/DATANODE_sum_f2f2ec1d-c727-56be-ac78-a135a89869eb.p','5 1795947081976460658 1795947081976460658 2146911','f20eca1c87acdcf3a9f44026687be53c96b2f817533b8d55da475996e5bacdc1');
CREATE TABLE cycles (
    id         TEXT PRIMARY KEY,
    name       TEXT,
    created_at REAL NOT NULL
) STRICT;
INSERT INTO "cycles" VALUES('CYCLE_MONTHLY_2026-05-01','the merry month',1.79594709566154599189e+09);
CREATE TABLE edits (
    number  INTEGER PRIMARY KEY,
    node    TEXT NOT NULL,
    at      REAL NOT NULL,
    job     TEXT,
    editor  TEXT,
    comment TEXT,
    digest  TEXT
, content TEXT, made_from TEXT, notes TEXT) STRICT;
INSERT INTO "edits" VALUES(1,'DATANODE_seed_99e44191-b053-5c98-b72d-a53f2369a14f',1.79594708000350570674e+09,NULL,'TAIPY','Default data written.','ee6c32ed6d10895f',NULL,NULL,NULL);
INSERT INTO "edits" VALUES(2,'DATANODE_sum_f2f2ec1d-c727-56be-ac78-a135a89869eb',1.79594708197652745251e+09,'JOB_good_e66b629b-ed64-43f6-8b30-7d838575a3cd',NULL,NULL,NULL,'f20eca1c87acdcf3a9f44026687be53c96b2f817533b8d55da475996e5bacdc1','{"function": "b7fe629d08789427", "inputs": {"seed": "ee6c32ed6d10895fbd523f1637c50374fe48506c821286ad83416f51e69765b2"}, "nodes": {"seed": "9c3e0b34c8773ada", "sum": "9c3e0b34c8773ada"}, "order": [["seed"], ["sum"]], "properties": "44136fa355b3678a"}',NULL);
INSERT INTO "edits" VALUES(3,'DATANODE_seed_a10ad5d4-54dc-57ed-a9de-c970683b5675',1.79594708557438874243e+09,NULL,'TAIPY','Default data written.','ee6c32ed6d10895f',NULL,NULL,NULL);
INSERT INTO "edits" VALUES(4,'DATANODE_sum_978613f7-4636-562f-8e0a-643e8b872097',1.79594708701576137544e+09,'JOB_good_c77e5151-3b4c-4b4c-804d-d8618bf6e16c',NULL,NULL,NULL,'f20eca1c87acdcf3a9f44026687be53c96b2f817533b8d55da475996e5bacdc1','{"function": "b7fe629d08789427", "inputs": {"seed": "ee6c32ed6d10895fbd523f1637c50374fe48506c821286ad83416f51e69765b2"}, "nodes": {"seed": "9c3e0b34c8773ada", "sum": "9c3e0b34c8773ada"}, "order": [["seed"], ["sum"]], "properties": "44136fa355b3678a"}',NULL);
INSERT INTO "edits" VALUES(5,'DATANODE_seed_8e7b6a15-6592-539c-a336-6aa3ae1191ca',1.79594709472286438939e+09,NULL,'TAIPY','Default data written.','ee6c32ed6d10895f',NULL,NULL,NULL);
INSERT INTO "edits" VALUES(6,'DATANODE_sum_b776d0fb-618b-5d24-9b6e-a84a5d657744',1.79594709618263220782e+09,'JOB_good_be1d194a-36be-4f72-ada7-e2f8fb1afb1a',NULL,NULL,NULL,'f20eca1c87acdcf3a9f44026687be53c96b2f817533b8d55da475996e5bacdc1','{"function": "b7fe629d08789427", "inputs": {"seed": "ee6c32ed6d10895fbd523f1637c50374fe48506c821286ad83416f51e69765b2"}, "nodes": {"seed": "9c3e0b34c8773ada", "sum": "9c3e0b34c8773ada"}, "order": [["seed"], ["sum"]], "properties": "44136fa355b3678a"}',NULL);
CREATE TABLE global_nodes (
    id         TEXT PRIMARY KEY,
    created_at REAL NOT NULL
) STRICT;
INSERT INTO "global_nodes" VALUES('DATANODE_shared_9c3e0b34-c877-53da-9f44-026687be53c9',1.79594709666154599188e+09);
CREATE TABLE instances (
    id          TEXT PRIMARY KEY,
    scenario    TEXT NOT NULL,
    name        TEXT NOT NULL,
    created_at  REAL NOT NULL,
    cycle       TEXT NOT NULL DEFAULT '',
    properties  TEXT NOT NULL DEFAULT '{}'
, is_primary INTEGER NOT NULL DEFAULT 0
    CHECK (is_primary IN (0, 1)), sequences TEXT) STRICT;
INSERT INTO "instances" VALUES('SCENARIO_s_761cf81b-f631-4e7a-a253-0f44113f16b3','s','s',1.79594707989463400841e+09,'','{}',0,NULL);
INSERT INTO "instances" VALUES('SCENARIO_s_0850d148-5c30-45de-8437-fa5b53c0e912','s','may 2026',1.79594708552850794791e+09,'','{}',0,'{"ends": ["bad", "after"]}');
INSERT INTO "instances" VALUES('SCENARIO_s_0c963a90-969d-4691-a869-d54fdd43f53e','s','lost',1.7959470946615459919e+09,'','{}',0,NULL);
INSERT INTO "instances" VALUES('SCENARIO_s_first','s','first',1.79594709566154599189e+09,'CYCLE_MONTHLY_2026-05-01','{}',0,NULL);
INSERT INTO "instances" VALUES('SCENARIO_s_second','s','second',1.79594709666154599188e+09,'CYCLE_MONTHLY_2026-05-01','{}',1,NULL);
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
INSERT INTO "jobs" VALUES(1,'JOB_good_e66b629b-ed64-43f6-8b30-7d838575a3cd','SUBMISSION_f502610e-4196-40b9-8084-4ab0390e9b87',0,'good','COMPLETED',NULL,1,'vm:29206',1.79594708032972550388e+09,NULL,1.79594708050151824953e+09,1.79594708062623286248e+09,1.79594708197652745251e+09,2.34175009995851723942e-02,NULL,NULL);
INSERT INTO "jobs" VALUES(2,'JOB_bad_2d321b07-3674-440d-b7da-2fb9f98fee99','SUBMISSION_f502610e-4196-40b9-8084-4ab0390e9b87',1,'bad','FAILED','raised',1,'vm:29205',1.79594708032972550388e+09,NULL,1.79594708050151824953e+09,1.79594708058227872844e+09,1.79594708123287415506e+09,0.0299718539999958,NULL,'{"kind": "raised", "type": "ValueError", "message": "no such luck, n\u00e9e", "traceback": "Traceback (most recent call last):\n  File \"/srv/app/flow.py\", line 13, in bad\n    raise ValueError(\"no such luck, n\u00e9e\")\nValueError: no such luck, n\u00e9e\n"}');
INSERT INTO "jobs" VALUES(3,'JOB_after_d1e56939-2174-40e1-98cd-003af757defe','SUBMISSION_f502610e-4196-40b9-8084-4ab0390e9b87',2,'after','ABANDONED','upstream_failed',1,NULL,1.79594708032972550388e+09,1.79594708050151824953e+09,NULL,NULL,1.79594708123287415506e+09,NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(4,'JOB_good_c77e5151-3b4c-4b4c-804d-d8618bf6e16c','SUBMISSION_1c176e14-cef4-43d3-b636-c097e796dad8',0,'good','COMPLETED',NULL,1,'vm:29237',1.79594708578005790708e+09,NULL,1.79594708592947626115e+09,1795947085.98797,1.79594708701576137544e+09,2.10724300000038056168e-02,NULL,NULL);
INSERT INTO "jobs" VALUES(5,'JOB_good_def2cc8d-f0bd-40a3-930b-b7bcd87a0ccd','SUBMISSION_72e629df-f6a4-4cec-9a13-399d76345364',0,'good','SKIPPED','up_to_date',1,NULL,1.79594708975975537296e+09,NULL,1.79594708990120172499e+09,NULL,1.79594708994413137441e+09,NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(6,'JOB_bad_dd2f1e44-5ae3-4f7a-b84f-a6a1260e4ef4','SUBMISSION_72e629df-f6a4-4cec-9a13-399d76345364',1,'bad','FAILED','raised',1,'vm:29260',1.79594708975975537296e+09,NULL,1.79594708990120172499e+09,1.79594708994231247898e+09,1.79594709105861711495e+09,5.16294739995828422252e-02,NULL,'{"kind": "raised", "type": "ValueError", "message": "no such luck, n\u00e9e", "traceback": "Traceback (most recent call last):\n  File \"/srv/app/flow.py\", line 13, in bad\n    raise ValueError(\"no such luck, n\u00e9e\")\nValueError: no such luck, n\u00e9e\n"}');
INSERT INTO "jobs" VALUES(7,'JOB_after_bcb82c8d-6b4f-4e9b-a879-79cb09eab935','SUBMISSION_72e629df-f6a4-4cec-9a13-399d76345364',2,'after','ABANDONED','upstream_failed',1,NULL,1.79594708975975537296e+09,1.79594708990120172499e+09,NULL,NULL,1.79594709105861711495e+09,NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(8,'JOB_good_be1d194a-36be-4f72-ada7-e2f8fb1afb1a','SUBMISSION_ccc1fc9c-a1dc-42c3-a9f8-6b77de71a794',0,'good','COMPLETED',NULL,1,'vm:29287',1.7959470949385383129e+09,NULL,1.79594709507055020334e+09,1.79594709513050675392e+09,1.79594709618263220782e+09,3.0601447000208281679e-02,NULL,NULL);
INSERT INTO "jobs" VALUES(9,'JOB_bad_445485b1-c59c-4a9b-9900-28cca40f81b1','SUBMISSION_ccc1fc9c-a1dc-42c3-a9f8-6b77de71a794',1,'bad','RUNNING',NULL,1,'vm:29286',1.7959470949385383129e+09,NULL,1.79594709507055020334e+09,1.79594709511703729629e+09,NULL,NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(10,'JOB_after_dd6116d6-487e-4a05-bda5-81bcc480fafe','SUBMISSION_ccc1fc9c-a1dc-42c3-a9f8-6b77de71a794',2,'after','BLOCKED',NULL,1,NULL,1.7959470949385383129e+09,1.79594709507055020334e+09,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE locks (
    node       TEXT PRIMARY KEY,
    editor     TEXT,
    expires_at REAL
) STRICT;
INSERT INTO "locks" VALUES('DATANODE_seed_a10ad5d4-54dc-57ed-a9de-c970683b5675','ann',32503680000.0);
CREATE TABLE properties (
    entity TEXT NOT NULL,
    name   TEXT NOT NULL,
    value  TEXT,
    owner  TEXT NOT NULL,
    PRIMARY KEY (entity, name)
) STRICT;
INSERT INTO "properties" VALUES('SCENARIO_s_0850d148-5c30-45de-8437-fa5b53c0e912','owner','"née"','SCENARIO_s_0850d148-5c30-45de-8437-fa5b53c0e912');
INSERT INTO "properties" VALUES('SCENARIO_s_0850d148-5c30-45de-8437-fa5b53c0e912','due','{"__type__": "Datetime", "__value__": "2026-05-31T00:00:00"}','SCENARIO_s_0850d148-5c30-45de-8437-fa5b53c0e912');
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
INSERT INTO "submissions" VALUES('SUBMISSION_f502610e-4196-40b9-8084-4ab0390e9b87','s','SCENARIO_s_761cf81b-f631-4e7a-a253-0f44113f16b3','s','scenario','standalone','FAILED',0,0,'58b521c6ccb0cb21',1.79594708032972550388e+09,1.79594708197904181484e+09,'vm:29167:48dd0fc3db9b415ea7c7bed1de1dfd10','{"reads": [], "writes": []}',0);
INSERT INTO "submissions" VALUES('SUBMISSION_1c176e14-cef4-43d3-b636-c097e796dad8','s','SCENARIO_s_0850d148-5c30-45de-8437-fa5b53c0e912','may 2026','task:good','standalone','COMPLETED',0,0,'58b521c6ccb0cb21',1.79594708578005790708e+09,1795947087.01732,'vm:29213:709c32a4a5c1464e9f7a5de912148f6e','{"reads": [], "writes": []}',0);
INSERT INTO "submissions" VALUES('SUBMISSION_72e629df-f6a4-4cec-9a13-399d76345364','s','SCENARIO_s_761cf81b-f631-4e7a-a253-0f44113f16b3','s','scenario','standalone','FAILED',0,0,'58b521c6ccb0cb21',1.79594708975975537296e+09,1.79594709105946779247e+09,'vm:29248:17996afee1274ed6a3d317ec7b3544cf','{"reads": [], "writes": []}',0);
INSERT INTO "submissions" VALUES('SUBMISSION_ccc1fc9c-a1dc-42c3-a9f8-6b77de71a794','s','SCENARIO_s_0c963a90-969d-4691-a869-d54fdd43f53e','lost','scenario','standalone','RUNNING',0,0,'58b521c6ccb0cb21',1.7959470949385383129e+09,NULL,'vm:29269:9859934a291b4d0fa1d3919869a9f713','{"reads": [], "writes": []}',1);
CREATE TABLE tags (
    instance TEXT NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    tag      TEXT NOT NULL,
    PRIMARY KEY (instance, tag)
) STRICT;
INSERT INTO "tags" VALUES('SCENARIO_s_0850d148-5c30-45de-8437-fa5b53c0e912','approved');
INSERT INTO "tags" VALUES('SCENARIO_s_0850d148-5c30-45de-8437-fa5b53c0e912','draft');
CREATE INDEX instances_by_name ON instances (scenario, name, created_at);
CREATE INDEX submissions_by_time ON submissions (created_at);
CREATE INDEX submissions_unfinished ON submissions (instance) WHERE finished_at IS NULL;
CREATE UNIQUE INDEX jobs_by_submission ON jobs (submission, position);
CREATE INDEX edits_by_node ON edits (node, number);
CREATE INDEX instances_by_cycle ON instances (cycle, created_at);
CREATE INDEX submissions_by_instance ON submissions (instance, created_at);
CREATE UNIQUE INDEX primary_of_cycle ON instances (cycle) WHERE is_primary = 1;
CREATE INDEX properties_by_owner ON properties (owner);
COMMIT;

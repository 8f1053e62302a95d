PRAGMA user_version = 5;
BEGIN TRANSACTION;
CREATE TABLE instances (
    id          TEXT PRIMARY KEY,
    scenario    TEXT NOT NULL,
    name        TEXT NOT NULL,
    created_at  REAL NOT NULL,
    cycle       TEXT NOT NULL DEFAULT '',
    properties  TEXT NOT NULL DEFAULT '{}'
, is_primary INTEGER NOT NULL DEFAULT 0
    CHECK (is_primary IN (0, 1)), sequences TEXT) STRICT;
INSERT INTO instances VALUES('SCENARIO_s_fddfbd1a-2b86-4a4c-9198-abde1bd952ba','s','s',1796007447.6141009331,'','{}',0,NULL);
INSERT INTO instances VALUES('SCENARIO_s_48a2b69e-46d0-4ddf-a954-e314b68cf899','s','may 2026',1796007451.8160550594,'','{}',0,'{"ends": ["bad", "after"]}');
INSERT INTO instances VALUES('SCENARIO_s_5ed6cfa5-0b3c-47a1-9f98-515e6be66b03','s','lost',1796007456.9889039993,'','{}',0,NULL);
INSERT INTO instances VALUES('SCENARIO_s_first','s','first',1795947095.6615459918,'CYCLE_MONTHLY_2026-05-01','{}',0,NULL);
INSERT INTO instances VALUES('SCENARIO_s_second','s','second',1795947096.6615459918,'CYCLE_MONTHLY_2026-05-01','{}',1,NULL);
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
INSERT INTO submissions VALUES('SUBMISSION_22791c79-d2c4-4ba5-9080-4854a6849c7f','s','SCENARIO_s_fddfbd1a-2b86-4a4c-9198-abde1bd952ba','s','scenario','standalone','FAILED',0,0,'58b521c6ccb0cb21',1796007447.7654979228,1796007450.4204790592,'vm:17838:91fb78ed5ca1436d9375a85cf85429c0','{"reads":[],"writes":[],"command":"taipy-exec submit -q","provenance":{"user":"root","host":"vm","python":"3.11.7","taipy_exec":"0.1.0","platform":"Linux x86_64","packages":{},"commit":null,"branch":null,"changes":null,"changed":[]}}',0);
INSERT INTO submissions VALUES('SUBMISSION_3764854e-91d1-44be-846d-2a960d0df193','s','SCENARIO_s_48a2b69e-46d0-4ddf-a954-e314b68cf899','may 2026','task:good','standalone','COMPLETED',0,0,'58b521c6ccb0cb21',1796007451.9283599853,1796007452.6309690475,'vm:17928:f78eb7362b6a4a32b448cdb01f92ef83','{"reads":[],"writes":[],"command":"taipy-exec submit -q --task good --name ''may 2026''","provenance":{"user":"root","host":"vm","python":"3.11.7","taipy_exec":"0.1.0","platform":"Linux x86_64","packages":{},"commit":null,"branch":null,"changes":null,"changed":[]}}',0);
INSERT INTO submissions VALUES('SUBMISSION_cfb0fc9a-1867-4bb2-ab8e-0d299c963471','s','SCENARIO_s_fddfbd1a-2b86-4a4c-9198-abde1bd952ba','s','scenario','standalone','FAILED',0,0,'58b521c6ccb0cb21',1796007453.9677901268,1796007454.8888404369,'vm:17946:9c45d2a8e3f34b87848e1846c35410b7','{"reads":[],"writes":[],"command":"taipy-exec submit -q","provenance":{"user":"root","host":"vm","python":"3.11.7","taipy_exec":"0.1.0","platform":"Linux x86_64","packages":{},"commit":null,"branch":null,"changes":null,"changed":[]}}',0);
INSERT INTO submissions VALUES('SUBMISSION_ced924d4-1386-4b69-a032-ca1f971edde2','s','SCENARIO_s_5ed6cfa5-0b3c-47a1-9f98-515e6be66b03','lost','scenario','standalone','RUNNING',0,0,'58b521c6ccb0cb21',1796007457.0572175979,NULL,'vm:17968:7d397566f15d4794b1ad5f39a66efce1','{"reads":[],"writes":[],"command":"taipy-exec submit --name lost","provenance":{"user":"root","host":"vm","python":"3.11.7","taipy_exec":"0.1.0","platform":"Linux x86_64","packages":{},"commit":null,"branch":null,"changes":null,"changed":[]}}',1);
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
    error        TEXT, cpu_seconds REAL CHECK (cpu_seconds >= 0),
    CHECK ((finished_at IS NOT NULL) = (status IN ('CANCELED', 'FAILED', 'COMPLETED', 'SKIPPED', 'ABANDONED'))),
    CHECK (status <> 'RUNNING' OR (started_at IS NOT NULL AND worker IS NOT NULL)),
    CHECK (status <> 'COMPLETED' OR started_at IS NOT NULL),
    CHECK (error IS NULL OR status = 'FAILED')
) STRICT;
INSERT INTO jobs VALUES(1,'JOB_good_f055b3f1-4083-41af-bf7a-fd1edc47fd02','SUBMISSION_22791c79-d2c4-4ba5-9080-4854a6849c7f',0,'good','COMPLETED',NULL,1,'vm:17894',1796007447.7654979228,NULL,1796007447.8685662746,1796007447.9124014377,1796007450.4195969104,0.026271573999906649987,27475968,NULL,0.010430000000000022586);
INSERT INTO jobs VALUES(2,'JOB_bad_41b5fc1f-0849-4e96-a40d-5446d005b00d','SUBMISSION_22791c79-d2c4-4ba5-9080-4854a6849c7f',1,'bad','FAILED','raised',1,'vm:17893',1796007447.7654979228,NULL,1796007447.8685662746,1796007447.8936491012,1796007449.2637619972,0.034182425000039984297,27488256,'{"kind": "raised", "type": "ValueError", "message": "no such luck, n\u00e9e", "traceback": "Traceback (most recent call last):\n  File \"/srv/app/flow.py\", line 13, in bad\n    raise ValueError(\"no such luck, n\u00e9e\")\nValueError: no such luck, n\u00e9e\n"}',0.0092760000000000064623);
INSERT INTO jobs VALUES(3,'JOB_after_6dff6ca8-27ea-41b3-9744-fc18b5142ab8','SUBMISSION_22791c79-d2c4-4ba5-9080-4854a6849c7f',2,'after','ABANDONED','upstream_failed',1,NULL,1796007447.7654979228,1796007447.8685662746,NULL,NULL,1796007449.2637619972,NULL,NULL,NULL,NULL);
INSERT INTO jobs VALUES(4,'JOB_good_8905e55b-3c06-45c0-8bea-ded08558b3f4','SUBMISSION_3764854e-91d1-44be-846d-2a960d0df193',0,'good','COMPLETED',NULL,1,'vm:17944',1796007451.9283599853,NULL,1796007452.0551590919,1796007452.0916769504,1796007452.6306529044,0.017123670000046331551,27521024,NULL,0.0091910000000000047215);
INSERT INTO jobs VALUES(5,'JOB_good_29308de4-1da3-4d18-873e-6e15f2611643','SUBMISSION_cfb0fc9a-1867-4bb2-ab8e-0d299c963471',0,'good','SKIPPED','up_to_date',1,NULL,1796007453.9677901268,NULL,1796007454.0804727077,NULL,1796007454.1176242828,NULL,NULL,NULL,NULL);
INSERT INTO jobs VALUES(6,'JOB_bad_760bf7a9-7d98-4336-87cc-6f249c5d9d7b','SUBMISSION_cfb0fc9a-1867-4bb2-ab8e-0d299c963471',1,'bad','FAILED','raised',1,'vm:17962',1796007453.9677901268,NULL,1796007454.0804727077,1796007454.1158587932,1796007454.8886759281,0.023141327000075762043,27480064,'{"kind": "raised", "type": "ValueError", "message": "no such luck, n\u00e9e", "traceback": "Traceback (most recent call last):\n  File \"/srv/app/flow.py\", line 13, in bad\n    raise ValueError(\"no such luck, n\u00e9e\")\nValueError: no such luck, n\u00e9e\n"}',0.013177000000000022028);
INSERT INTO jobs VALUES(7,'JOB_after_d633d7fc-2200-40e4-8d64-f55ed5245998','SUBMISSION_cfb0fc9a-1867-4bb2-ab8e-0d299c963471',2,'after','ABANDONED','upstream_failed',1,NULL,1796007453.9677901268,1796007454.0804727077,NULL,NULL,1796007454.8886759281,NULL,NULL,NULL,NULL);
INSERT INTO jobs VALUES(8,'JOB_good_36a27e1d-a540-41f8-8e21-8712c4e75c76','SUBMISSION_ced924d4-1386-4b69-a032-ca1f971edde2',0,'good','COMPLETED',NULL,1,'vm:18036',1796007457.0572175979,NULL,1796007457.1538231372,1796007457.2070622443,1796007458.4816727638,0.02119888799995806039,27471872,NULL,0.0098660000000000136477);
INSERT INTO jobs VALUES(9,'JOB_bad_9e0576e9-3df9-4b6f-91a0-d578b9e5821d','SUBMISSION_ced924d4-1386-4b69-a032-ca1f971edde2',1,'bad','RUNNING',NULL,1,'vm:18035',1796007457.0572175979,NULL,1796007457.1538231372,1796007457.183779478,NULL,NULL,NULL,NULL,NULL);
INSERT INTO jobs VALUES(10,'JOB_after_57077333-fdde-42e0-a440-8acb56394bcb','SUBMISSION_ced924d4-1386-4b69-a032-ca1f971edde2',2,'after','BLOCKED',NULL,1,NULL,1796007457.0572175979,1796007457.1538231372,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
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
, content TEXT, made_from TEXT, notes TEXT) STRICT;
INSERT INTO edits VALUES(1,'DATANODE_seed_bf9b6fa6-44a9-5aa8-a63c-ce044370d241',1796007447.6409268379,NULL,'TAIPY','Default data written.','ee6c32ed6d10895f',NULL,NULL,NULL);
INSERT INTO edits VALUES(2,'DATANODE_sum_d6940ab1-f3a3-5735-ae60-ce7dc2dac9a1',1796007450.4196722506,'JOB_good_f055b3f1-4083-41af-bf7a-fd1edc47fd02',NULL,NULL,NULL,'f20eca1c87acdcf3a9f44026687be53c96b2f817533b8d55da475996e5bacdc1','{"function": "b7fe629d08789427", "inputs": {"seed": "ee6c32ed6d10895fbd523f1637c50374fe48506c821286ad83416f51e69765b2"}, "nodes": {"seed": "9c3e0b34c8773ada", "sum": "9c3e0b34c8773ada"}, "order": [["seed"], ["sum"]], "properties": "44136fa355b3678a"}',NULL);
INSERT INTO edits VALUES(3,'DATANODE_seed_a773dc1a-0c98-5165-8048-50c63d4cf93f',1796007451.8341536521,NULL,'TAIPY','Default data written.','ee6c32ed6d10895f',NULL,NULL,NULL);
INSERT INTO edits VALUES(4,'DATANODE_sum_dfb32e86-baf9-5cd4-9ff5-511884945723',1796007452.6307094097,'JOB_good_8905e55b-3c06-45c0-8bea-ded08558b3f4',NULL,NULL,NULL,'f20eca1c87acdcf3a9f44026687be53c96b2f817533b8d55da475996e5bacdc1','{"function": "b7fe629d08789427", "inputs": {"seed": "ee6c32ed6d10895fbd523f1637c50374fe48506c821286ad83416f51e69765b2"}, "nodes": {"seed": "9c3e0b34c8773ada", "sum": "9c3e0b34c8773ada"}, "order": [["seed"], ["sum"]], "properties": "44136fa355b3678a"}',NULL);
INSERT INTO edits VALUES(5,'DATANODE_seed_b4e1df2f-21e2-51be-872e-ce6ac1268b5c',1796007457.000689745,NULL,'TAIPY','Default data written.','ee6c32ed6d10895f',NULL,NULL,NULL);
INSERT INTO edits VALUES(6,'DATANODE_sum_5327abd7-6410-50d0-b418-b7950cfd9482',1796007458.481724739,'JOB_good_36a27e1d-a540-41f8-8e21-8712c4e75c76',NULL,NULL,NULL,'f20eca1c87acdcf3a9f44026687be53c96b2f817533b8d55da475996e5bacdc1','{"function": "b7fe629d08789427", "inputs": {"seed": "ee6c32ed6d10895fbd523f1637c50374fe48506c821286ad83416f51e69765b2"}, "nodes": {"seed": "9c3e0b34c8773ada", "sum": "9c3e0b34c8773ada"}, "order": [["seed"], ["sum"]], "properties": "44136fa355b3678a"}',NULL);
CREATE TABLE contents (
    path   TEXT PRIMARY KEY,
    stamp  TEXT NOT NULL,
    digest TEXT NOT NULL
) STRICT;
INSERT INTO contents VALUES('/srv/app/user_data/pickles/DATANODE_seed_bf9b6fa6-44a9-5aa8-a63c-ce044370d241.p','5 1796007447640875302 1796007447640875302 2155971','ee6c32ed6d10895fbd523f1637c50374fe48506c821286ad83416f51e69765b2');
INSERT INTO contents VALUES('/srv/app/user_data/pickles/DATANODE_sum_d6940ab1-f3a3-5735-ae60-ce7dc2dac9a1.p','5 1796007450417776593 1796007450417776593 2154600','f20eca1c87acdcf3a9f44026687be53c96b2f817533b8d55da475996e5bacdc1');
CREATE TABLE locks (
    node       TEXT PRIMARY KEY,
    editor     TEXT,
    expires_at REAL
) STRICT;
INSERT INTO locks VALUES('DATANODE_seed_a773dc1a-0c98-5165-8048-50c63d4cf93f','ann',32503680000.0);
CREATE TABLE cycles (
    id         TEXT PRIMARY KEY,
    name       TEXT,
    created_at REAL NOT NULL
) STRICT;
INSERT INTO cycles VALUES('CYCLE_MONTHLY_2026-05-01','the merry month',1795947095.6615459918);
CREATE TABLE tags (
    instance TEXT NOT NULL REFERENCES instances (id) ON DELETE CASCADE,
    tag      TEXT NOT NULL,
    PRIMARY KEY (instance, tag)
) STRICT;
INSERT INTO tags VALUES('SCENARIO_s_48a2b69e-46d0-4ddf-a954-e314b68cf899','approved');
INSERT INTO tags VALUES('SCENARIO_s_48a2b69e-46d0-4ddf-a954-e314b68cf899','draft');
CREATE TABLE properties (
    entity TEXT NOT NULL,
    name   TEXT NOT NULL,
    value  TEXT,
    owner  TEXT NOT NULL,
    PRIMARY KEY (entity, name)
) STRICT;
INSERT INTO properties VALUES('SCENARIO_s_48a2b69e-46d0-4ddf-a954-e314b68cf899','owner','"née"','SCENARIO_s_48a2b69e-46d0-4ddf-a954-e314b68cf899');
INSERT INTO properties VALUES('SCENARIO_s_48a2b69e-46d0-4ddf-a954-e314b68cf899','due','{"__type__": "Datetime", "__value__": "2026-05-31T00:00:00"}','SCENARIO_s_48a2b69e-46d0-4ddf-a954-e314b68cf899');
INSERT INTO properties VALUES('CYCLE_MONTHLY_2026-05-01','budget','12','CYCLE_MONTHLY_2026-05-01');
CREATE TABLE global_nodes (
    id         TEXT PRIMARY KEY,
    created_at REAL NOT NULL
) STRICT;
INSERT INTO global_nodes VALUES('DATANODE_shared_9c3e0b34-c877-53da-9f44-026687be53c9',1795947096.6615459918);
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

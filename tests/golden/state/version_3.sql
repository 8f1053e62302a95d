PRAGMA user_version = 3;
BEGIN TRANSACTION;
CREATE TABLE contents (
    path   TEXT PRIMARY KEY,
    stamp  TEXT NOT NULL,
    digest TEXT NOT NULL
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
INSERT INTO "edits" VALUES(1,'DATANODE_seed_c4909b39-7b76-5a36-81e8-b029c4a7b85f',1.79563090744678044321e+09,NULL,'TAIPY','Default data written.','ee6c32ed6d10895f',NULL,NULL,NULL);
INSERT INTO "edits" VALUES(2,'DATANODE_sum_bfc932bc-b6c6-5805-85d4-dabc2ee10270',1.7956309076055870056e+09,'JOB_good_d10872de-9ea2-4c11-8e42-f1e8f0caed48',NULL,NULL,NULL,'f20eca1c87acdcf3a9f44026687be53c96b2f817533b8d55da475996e5bacdc1','{"function": "b7fe629d08789427", "inputs": {"seed": "ee6c32ed6d10895fbd523f1637c50374fe48506c821286ad83416f51e69765b2"}, "nodes": {"seed": "9c3e0b34c8773ada", "sum": "9c3e0b34c8773ada"}, "order": [["seed"], ["sum"]], "properties": "44136fa355b3678a"}',NULL);
INSERT INTO "edits" VALUES(3,'DATANODE_seed_adca2dd7-976c-57ec-9288-aa9aad4c79ef',1.79563090785795307158e+09,NULL,'TAIPY','Default data written.','ee6c32ed6d10895f',NULL,NULL,NULL);
INSERT INTO "edits" VALUES(4,'DATANODE_sum_f2363296-3fd7-5e8b-b7da-c27b9df2ad74',1.7956309079877135754e+09,'JOB_good_b01b4be2-7c94-42e3-8906-91e39d1d6dc4',NULL,NULL,NULL,'f20eca1c87acdcf3a9f44026687be53c96b2f817533b8d55da475996e5bacdc1','{"function": "b7fe629d08789427", "inputs": {"seed": "ee6c32ed6d10895fbd523f1637c50374fe48506c821286ad83416f51e69765b2"}, "nodes": {"seed": "9c3e0b34c8773ada", "sum": "9c3e0b34c8773ada"}, "order": [["seed"], ["sum"]], "properties": "44136fa355b3678a"}',NULL);
INSERT INTO "edits" VALUES(5,'DATANODE_seed_ee56b97d-5022-5420-8a9e-9c232d3f0d0a',1.7956309085475647449e+09,NULL,'TAIPY','Default data written.','ee6c32ed6d10895f',NULL,NULL,NULL);
INSERT INTO "edits" VALUES(6,'DATANODE_sum_c2be86f8-5d19-5863-8f79-e7641c856dbd',1.79563090888527393347e+09,'JOB_good_de15bfc7-7ac9-405f-8f44-757483b80951',NULL,NULL,NULL,'f20eca1c87acdcf3a9f44026687be53c96b2f817533b8d55da475996e5bacdc1','{"function": "b7fe629d08789427", "inputs": {"seed": "ee6c32ed6d10895fbd523f1637c50374fe48506c821286ad83416f51e69765b2"}, "nodes": {"seed": "9c3e0b34c8773ada", "sum": "9c3e0b34c8773ada"}, "order": [["seed"], ["sum"]], "properties": "44136fa355b3678a"}',NULL);
CREATE TABLE instances (
    id          TEXT PRIMARY KEY,
    scenario    TEXT NOT NULL,
    name        TEXT NOT NULL,
    created_at  REAL NOT NULL,
    cycle       TEXT NOT NULL DEFAULT '',
    properties  TEXT NOT NULL DEFAULT '{}'
) STRICT;
INSERT INTO "instances" VALUES('SCENARIO_s_64c668b1-e1ff-4ed8-9dd0-6ea84516976e','s','s',1.79563090744218206403e+09,'','{}');
INSERT INTO "instances" VALUES('SCENARIO_s_4aa09b84-5272-4f7d-a612-c56830d7b2da','s','may 2026',1.79563090785306811326e+09,'','{}');
INSERT INTO "instances" VALUES('SCENARIO_s_b504e8ff-d1e7-4a22-b1ef-3476ba5cea6f','s','lost',1.79563090854296207423e+09,'','{}');
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
INSERT INTO "jobs" VALUES(1,'JOB_good_d10872de-9ea2-4c11-8e42-f1e8f0caed48','SUBMISSION_b5aaf05f-bb7c-440f-bfd3-0bcb37bec793',0,'good','COMPLETED',NULL,1,'vm:17490',1.79563090746575236317e+09,NULL,1.79563090748211669914e+09,1.79563090750557827948e+09,1.7956309076055870056e+09,4.74175599993031937628e-03,NULL,NULL);
INSERT INTO "jobs" VALUES(2,'JOB_bad_33bdcb42-e911-46e3-a94c-a4e813548355','SUBMISSION_b5aaf05f-bb7c-440f-bfd3-0bcb37bec793',1,'bad','FAILED','raised',1,'vm:17489',1.79563090746575236317e+09,NULL,1.79563090748211669914e+09,1.79563090749672031403e+09,1.79563090760333561894e+09,5.04314600038924254477e-03,NULL,'{"kind": "raised", "type": "ValueError", "message": "no such luck, n\u00e9e", "traceback": "Traceback (most recent call last):\n  File \"/srv/app/flow.py\", line 13, in bad\n    raise ValueError(\"no such luck, n\u00e9e\")\nValueError: no such luck, n\u00e9e\n"}');
INSERT INTO "jobs" VALUES(3,'JOB_after_07e90cec-dfeb-4909-a06f-a1b04a3fa719','SUBMISSION_b5aaf05f-bb7c-440f-bfd3-0bcb37bec793',2,'after','ABANDONED','upstream_failed',1,NULL,1.79563090746575236317e+09,1.79563090748211669914e+09,NULL,NULL,1.79563090760333561894e+09,NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(4,'JOB_good_b01b4be2-7c94-42e3-8906-91e39d1d6dc4','SUBMISSION_b6a16d51-f6bf-4a82-864c-cd202839c590',0,'good','COMPLETED',NULL,1,'vm:17494',1.79563090787556934356e+09,NULL,1.7956309078913505077e+09,1.79563090790169429776e+09,1.7956309079877135754e+09,4.52292899899475742131e-03,NULL,NULL);
INSERT INTO "jobs" VALUES(5,'JOB_good_bc70a085-e6c2-4592-a78c-06ce1c29eb4c','SUBMISSION_f8c8468e-e3fb-460a-ab6a-87577c2d2ccf',0,'good','SKIPPED','up_to_date',1,NULL,1.79563090822494173049e+09,NULL,1.7956309082413902283e+09,NULL,1.79563090825245761867e+09,NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(6,'JOB_bad_bbdd9149-5b79-4a89-9e51-95350f413bd6','SUBMISSION_f8c8468e-e3fb-460a-ab6a-87577c2d2ccf',1,'bad','FAILED','raised',1,'vm:17499',1.79563090822494173049e+09,NULL,1.7956309082413902283e+09,1.79563090825165510176e+09,1.79563090833000516891e+09,4.47813200116797816008e-03,NULL,'{"kind": "raised", "type": "ValueError", "message": "no such luck, n\u00e9e", "traceback": "Traceback (most recent call last):\n  File \"/srv/app/flow.py\", line 13, in bad\n    raise ValueError(\"no such luck, n\u00e9e\")\nValueError: no such luck, n\u00e9e\n"}');
INSERT INTO "jobs" VALUES(7,'JOB_after_9da720d1-44d8-4227-a781-498529be0e38','SUBMISSION_f8c8468e-e3fb-460a-ab6a-87577c2d2ccf',2,'after','ABANDONED','upstream_failed',1,NULL,1.79563090822494173049e+09,1.7956309082413902283e+09,NULL,NULL,1.79563090833000516891e+09,NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(8,'JOB_good_de15bfc7-7ac9-405f-8f44-757483b80951','SUBMISSION_f1031c65-baa0-4102-9ccb-d86b6b880669',0,'good','COMPLETED',NULL,1,'vm:17507',1.79563090856509971621e+09,NULL,1.79563090875577831273e+09,1.79563090876393771167e+09,1.79563090888527393347e+09,5.01372200051264371722e-03,NULL,NULL);
INSERT INTO "jobs" VALUES(9,'JOB_bad_fba42a26-2f4b-4ddc-8440-7c85a2b89304','SUBMISSION_f1031c65-baa0-4102-9ccb-d86b6b880669',1,'bad','RUNNING',NULL,1,'vm:17506',1.79563090856509971621e+09,NULL,1.79563090875577831273e+09,1.79563090876262331004e+09,NULL,NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(10,'JOB_after_957e802b-de5e-4024-9f36-eaaf1ca81cef','SUBMISSION_f1031c65-baa0-4102-9ccb-d86b6b880669',2,'after','BLOCKED',NULL,1,NULL,1.79563090856509971621e+09,1.79563090875577831273e+09,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE locks (
    node       TEXT PRIMARY KEY,
    editor     TEXT,
    expires_at REAL
) STRICT;
INSERT INTO "locks" VALUES('DATANODE_seed_adca2dd7-976c-57ec-9288-aa9aad4c79ef','ann',32503680000.0);
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
INSERT INTO "submissions" VALUES('SUBMISSION_b5aaf05f-bb7c-440f-bfd3-0bcb37bec793','s','SCENARIO_s_64c668b1-e1ff-4ed8-9dd0-6ea84516976e','s','scenario','standalone','FAILED',0,0,'58b521c6ccb0cb21',1.79563090746575236317e+09,1.79563090760633158691e+09,'vm:17486:f1453a998c86428694b177bad808e368','{"reads": [], "writes": []}',0);
INSERT INTO "submissions" VALUES('SUBMISSION_b6a16d51-f6bf-4a82-864c-cd202839c590','s','SCENARIO_s_4aa09b84-5272-4f7d-a612-c56830d7b2da','may 2026','task:good','standalone','COMPLETED',0,0,'58b521c6ccb0cb21',1.79563090787556934356e+09,1.79563090798845911028e+09,'vm:17491:68d6baa0d8944776a7d8970e5c922e28','{"reads": [], "writes": []}',0);
INSERT INTO "submissions" VALUES('SUBMISSION_f8c8468e-e3fb-460a-ab6a-87577c2d2ccf','s','SCENARIO_s_64c668b1-e1ff-4ed8-9dd0-6ea84516976e','s','scenario','standalone','FAILED',0,0,'58b521c6ccb0cb21',1.79563090822494173049e+09,1.79563090833066463475e+09,'vm:17495:6df1aeed8a164a08a53ee677155ed040','{"reads": [], "writes": []}',0);
INSERT INTO "submissions" VALUES('SUBMISSION_f1031c65-baa0-4102-9ccb-d86b6b880669','s','SCENARIO_s_b504e8ff-d1e7-4a22-b1ef-3476ba5cea6f','lost','scenario','standalone','RUNNING',0,0,'58b521c6ccb0cb21',1.79563090856509971621e+09,NULL,'vm:17502:103373f50c4449f387f1f995f1a18d26','{"reads": [], "writes": []}',1);
CREATE INDEX instances_by_name ON instances (scenario, name, created_at);
CREATE INDEX submissions_by_time ON submissions (created_at);
CREATE INDEX submissions_unfinished ON submissions (instance) WHERE finished_at IS NULL;
CREATE UNIQUE INDEX jobs_by_submission ON jobs (submission, position);
CREATE INDEX edits_by_node ON edits (node, number);
COMMIT;

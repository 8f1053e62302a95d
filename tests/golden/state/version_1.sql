PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE edits (
    number  INTEGER PRIMARY KEY,
    node    TEXT NOT NULL,
    at      REAL NOT NULL,
    job     TEXT,
    editor  TEXT,
    comment TEXT,
    digest  TEXT
) STRICT;
INSERT INTO "edits" VALUES(1,'DATANODE_seed_6e94bb7e-3210-5743-9c9c-07c3532e8625',1795629740.97595,NULL,'TAIPY','Default data written.','ee6c32ed6d10895f');
INSERT INTO "edits" VALUES(2,'DATANODE_sum_09685c5f-6806-5c31-8810-2f76f8feed83',1.79562974155173206329e+09,'JOB_good_5cdddf61-27a9-4d9c-a38a-c83da78a53d3',NULL,NULL,NULL);
INSERT INTO "edits" VALUES(3,'DATANODE_seed_6d3d1021-eb68-5aa2-9e9d-f8e2cf5df885',1.79562974231281685831e+09,NULL,'TAIPY','Default data written.','ee6c32ed6d10895f');
INSERT INTO "edits" VALUES(4,'DATANODE_sum_ddbe0c71-1819-5fe2-8838-bcd75f764a95',1.79562974280952429768e+09,'JOB_good_d95ed222-e8e4-4d99-823b-2c897da56a15',NULL,NULL,NULL);
INSERT INTO "edits" VALUES(5,'DATANODE_seed_111ad3a7-80ec-507a-a839-585391f59b6c',1.79562974462971901897e+09,NULL,'TAIPY','Default data written.','ee6c32ed6d10895f');
INSERT INTO "edits" VALUES(6,'DATANODE_sum_609edb6e-1bde-518c-ae68-1ed0b8a2b076',1.79562974559472823135e+09,'JOB_good_18ff0d6d-8674-4932-be50-4688c7ab3a25',NULL,NULL,NULL);
CREATE TABLE instances (
    id          TEXT PRIMARY KEY,
    scenario    TEXT NOT NULL,
    name        TEXT NOT NULL,
    created_at  REAL NOT NULL,
    cycle       TEXT NOT NULL DEFAULT '',
    properties  TEXT NOT NULL DEFAULT '{}'
) STRICT;
INSERT INTO "instances" VALUES('SCENARIO_s_3ad2cee5-0a72-4daf-b06b-145c35c5d98c','s','s',1.79562974096350288395e+09,'','{}');
INSERT INTO "instances" VALUES('SCENARIO_s_f887ac68-80d0-42ef-ab30-b1e8b5925c5c','s','may 2026',1.79562974229933309559e+09,'','{}');
INSERT INTO "instances" VALUES('SCENARIO_s_f37d2d40-bac1-4a87-98d6-e71019785dbc','s','lost',1.79562974461930394175e+09,'','{}');
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
INSERT INTO "jobs" VALUES(1,'JOB_good_5cdddf61-27a9-4d9c-a38a-c83da78a53d3','SUBMISSION_d09f55e1-ec84-40dd-be1c-3448c896f154',0,'good','COMPLETED',NULL,1,'vm:15335',1.79562974102081441881e+09,NULL,1.79562974106197738646e+09,1.79562974107220625881e+09,1.79562974155173206329e+09,7.06768700001703109592e-03,NULL,NULL);
INSERT INTO "jobs" VALUES(2,'JOB_bad_378ef76b-471f-41c2-a7b3-39eff41d7f40','SUBMISSION_d09f55e1-ec84-40dd-be1c-3448c896f154',1,'bad','FAILED','raised',1,'vm:15336',1.79562974102081441881e+09,NULL,1.79562974106197738646e+09,1.79562974109008646013e+09,1.79562974153876543041e+09,1.39643450002040481194e-02,NULL,'{"kind": "raised", "type": "ValueError", "message": "no such luck, n\u00e9e", "traceback": "Traceback (most recent call last):\n  File \"/srv/app/flow.py\", line 13, in bad\n    raise ValueError(\"no such luck, n\u00e9e\")\nValueError: no such luck, n\u00e9e\n"}');
INSERT INTO "jobs" VALUES(3,'JOB_after_366f0d06-d3f0-4b41-b985-207e05961943','SUBMISSION_d09f55e1-ec84-40dd-be1c-3448c896f154',2,'after','ABANDONED','upstream_failed',1,NULL,1.79562974102081441881e+09,1.79562974106197738646e+09,NULL,NULL,1.79562974153876543041e+09,NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(4,'JOB_good_d95ed222-e8e4-4d99-823b-2c897da56a15','SUBMISSION_32e1228c-e11b-4c21-b3e5-54fa8ae20111',0,'good','COMPLETED',NULL,1,'vm:15400',1.79562974238268637655e+09,NULL,1.79562974242319273949e+09,1.79562974243993210793e+09,1.79562974280952429768e+09,0.0138091170010739,NULL,NULL);
INSERT INTO "jobs" VALUES(5,'JOB_good_ee2ddb5b-43eb-4fae-8fcc-303b1b11c925','SUBMISSION_c8ff7889-7131-417d-8e00-d5ff0075dddd',0,'good','SKIPPED','up_to_date',1,NULL,1.79562974347542548183e+09,NULL,1.79562974353236079212e+09,NULL,1.79562974353536295886e+09,NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(6,'JOB_bad_7e8857b5-3005-4fe4-a557-b60de4ba553c','SUBMISSION_c8ff7889-7131-417d-8e00-d5ff0075dddd',1,'bad','FAILED','raised',1,'vm:15443',1.79562974347542548183e+09,NULL,1.79562974353236079212e+09,1.795629743539213419e+09,1.79562974396098685263e+09,1.0736731999713811092e-02,NULL,'{"kind": "raised", "type": "ValueError", "message": "no such luck, n\u00e9e", "traceback": "Traceback (most recent call last):\n  File \"/srv/app/flow.py\", line 13, in bad\n    raise ValueError(\"no such luck, n\u00e9e\")\nValueError: no such luck, n\u00e9e\n"}');
INSERT INTO "jobs" VALUES(7,'JOB_after_915a2990-4dba-42e3-ac42-5be84e303011','SUBMISSION_c8ff7889-7131-417d-8e00-d5ff0075dddd',2,'after','ABANDONED','upstream_failed',1,NULL,1.79562974347542548183e+09,1.79562974353236079212e+09,NULL,NULL,1.79562974396098685263e+09,NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(8,'JOB_good_18ff0d6d-8674-4932-be50-4688c7ab3a25','SUBMISSION_e583e468-3fdc-4f0d-accc-d1c5bf384bcb',0,'good','COMPLETED',NULL,1,'vm:15460',1.79562974466501879692e+09,NULL,1.7956297451704711914e+09,1.79562974518295717239e+09,1.79562974559472823135e+09,1.28033559994946699589e-02,NULL,NULL);
INSERT INTO "jobs" VALUES(9,'JOB_bad_0389b2d5-f4a2-4dd7-9688-d854b71da3cf','SUBMISSION_e583e468-3fdc-4f0d-accc-d1c5bf384bcb',1,'bad','RUNNING',NULL,1,'vm:15461',1.79562974466501879692e+09,NULL,1.7956297451704711914e+09,1.79562974518863487246e+09,NULL,NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(10,'JOB_after_0c455c31-62ff-406d-9642-6d936ef4dc0b','SUBMISSION_e583e468-3fdc-4f0d-accc-d1c5bf384bcb',2,'after','BLOCKED',NULL,1,NULL,1.79562974466501879692e+09,1.7956297451704711914e+09,NULL,NULL,NULL,NULL,NULL,NULL);
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
) STRICT;
INSERT INTO "submissions" VALUES('SUBMISSION_d09f55e1-ec84-40dd-be1c-3448c896f154','s','SCENARIO_s_3ad2cee5-0a72-4daf-b06b-145c35c5d98c','s','scenario','standalone','FAILED',0,0,'58b521c6ccb0cb21',1.79562974102081441881e+09,1.79562974155359745022e+09,'vm:15329:7198c1eaebe84cd993fa7e41fb161be4','{"reads": [], "writes": []}');
INSERT INTO "submissions" VALUES('SUBMISSION_32e1228c-e11b-4c21-b3e5-54fa8ae20111','s','SCENARIO_s_f887ac68-80d0-42ef-ab30-b1e8b5925c5c','may 2026','task:good','standalone','COMPLETED',0,0,'58b521c6ccb0cb21',1.79562974238268637655e+09,1.79562974281027555468e+09,'vm:15344:027ae4708e9148519e2437bd4bf0fa68','{"reads": [], "writes": []}');
INSERT INTO "submissions" VALUES('SUBMISSION_c8ff7889-7131-417d-8e00-d5ff0075dddd','s','SCENARIO_s_3ad2cee5-0a72-4daf-b06b-145c35c5d98c','s','scenario','standalone','FAILED',0,0,'58b521c6ccb0cb21',1.79562974347542548183e+09,1.7956297439617698192e+09,'vm:15406:ec94bad44c774b9f9526bde32adb9571','{"reads": [], "writes": []}');
INSERT INTO "submissions" VALUES('SUBMISSION_e583e468-3fdc-4f0d-accc-d1c5bf384bcb','s','SCENARIO_s_f37d2d40-bac1-4a87-98d6-e71019785dbc','lost','scenario','standalone','RUNNING',0,0,'58b521c6ccb0cb21',1.79562974466501879692e+09,NULL,'vm:15451:110f449124c44fdcbbfe2f6fe87e77a6','{"reads": [], "writes": []}');
CREATE INDEX instances_by_name ON instances (scenario, name, created_at);
CREATE INDEX submissions_by_time ON submissions (created_at);
CREATE INDEX submissions_unfinished ON submissions (instance) WHERE finished_at IS NULL;
CREATE UNIQUE INDEX jobs_by_submission ON jobs (submission, position);
CREATE INDEX edits_by_node ON edits (node, number);
COMMIT;

PRAGMA user_version = 2;
BEGIN TRANSACTION;
CREATE TABLE contents (
    path   TEXT PRIMARY KEY,
    stamp  TEXT NOT NULL,
    digest TEXT NOT NULL
) STRICT;
INSERT INTO "contents" VALUES('/srv/app/user_data/pickles/DATANODE_seed_c248006e-1a52-54de-97b7-6a5b06f9538a.p','5 1795629749125960901 1795629749125960901 2615726','ee6c32ed6d10895fbd523f1637c50374fe48506c821286ad83416f51e69765b2');
CREATE TABLE edits (
    number  INTEGER PRIMARY KEY,
    node    TEXT NOT NULL,
    at      REAL NOT NULL,
    job     TEXT,
    editor  TEXT,
    comment TEXT,
    digest  TEXT
, content TEXT, made_from TEXT, notes TEXT) STRICT;
INSERT INTO "edits" VALUES(1,'DATANODE_seed_c248006e-1a52-54de-97b7-6a5b06f9538a',1.79562974912599611276e+09,NULL,'TAIPY','Default data written.','ee6c32ed6d10895f',NULL,NULL,NULL);
INSERT INTO "edits" VALUES(2,'DATANODE_sum_a7127ab6-8e5c-5b91-8d8b-4f31c9f32f57',1.79562974968384528153e+09,'JOB_good_bdcf0d7b-bad8-4786-a753-c9a8e2b7ce5b',NULL,NULL,NULL,'f20eca1c87acdcf3a9f44026687be53c96b2f817533b8d55da475996e5bacdc1','{"function": "b7fe629d08789427", "inputs": {"seed": "ee6c32ed6d10895fbd523f1637c50374fe48506c821286ad83416f51e69765b2"}, "nodes": {"seed": "9c3e0b34c8773ada", "sum": "9c3e0b34c8773ada"}, "order": [["seed"], ["sum"]], "properties": "44136fa355b3678a"}',NULL);
INSERT INTO "edits" VALUES(3,'DATANODE_seed_0e1819be-4da8-5bbf-bc37-b77ed16b84fe',1.79562975039405894276e+09,NULL,'TAIPY','Default data written.','ee6c32ed6d10895f',NULL,NULL,NULL);
INSERT INTO "edits" VALUES(4,'DATANODE_sum_e4bde318-6673-5698-92ad-2a3f1249020d',1.79562975072741985325e+09,'JOB_good_38e3904a-9fbc-4826-8795-857784bea30d',NULL,NULL,NULL,'f20eca1c87acdcf3a9f44026687be53c96b2f817533b8d55da475996e5bacdc1','{"function": "b7fe629d08789427", "inputs": {"seed": "ee6c32ed6d10895fbd523f1637c50374fe48506c821286ad83416f51e69765b2"}, "nodes": {"seed": "9c3e0b34c8773ada", "sum": "9c3e0b34c8773ada"}, "order": [["seed"], ["sum"]], "properties": "44136fa355b3678a"}',NULL);
INSERT INTO "edits" VALUES(5,'DATANODE_seed_19e66c4f-7a53-5e80-9f15-104096b897c8',1.79562975280151200293e+09,NULL,'TAIPY','Default data written.','ee6c32ed6d10895f',NULL,NULL,NULL);
INSERT INTO "edits" VALUES(6,'DATANODE_sum_fa5377e2-5774-58c1-b427-195b38ceda8c',1.7956297537457177639e+09,'JOB_good_15c432c3-50c8-4e9c-a34a-a0c7161ec2e1',NULL,NULL,NULL,'f20eca1c87acdcf3a9f44026687be53c96b2f817533b8d55da475996e5bacdc1','{"function": "b7fe629d08789427", "inputs": {"seed": "ee6c32ed6d10895fbd523f1637c50374fe48506c821286ad83416f51e69765b2"}, "nodes": {"seed": "9c3e0b34c8773ada", "sum": "9c3e0b34c8773ada"}, "order": [["seed"], ["sum"]], "properties": "44136fa355b3678a"}',NULL);
CREATE TABLE instances (
    id          TEXT PRIMARY KEY,
    scenario    TEXT NOT NULL,
    name        TEXT NOT NULL,
    created_at  REAL NOT NULL,
    cycle       TEXT NOT NULL DEFAULT '',
    properties  TEXT NOT NULL DEFAULT '{}'
) STRICT;
INSERT INTO "instances" VALUES('SCENARIO_s_0d9564c1-ea88-4e24-bb1f-f86a8a3f391a','s','s',1.79562974911751389505e+09,'','{}');
INSERT INTO "instances" VALUES('SCENARIO_s_32e29072-55dd-43dd-a18d-4e0d33f94768','s','may 2026',1.79562975038992500304e+09,'','{}');
INSERT INTO "instances" VALUES('SCENARIO_s_eb044faa-ba43-45bb-947f-1dfbc0eab57d','s','lost',1795629752.77217,'','{}');
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
INSERT INTO "jobs" VALUES(1,'JOB_good_bdcf0d7b-bad8-4786-a753-c9a8e2b7ce5b','SUBMISSION_68f379db-6089-41e1-bfc3-98a19ec29ccd',0,'good','COMPLETED',NULL,1,'vm:15568',1.79562974916404461864e+09,NULL,1.79562974919549155237e+09,1795629749.25765,1.79562974968384528153e+09,0.00934674800009816,NULL,NULL);
INSERT INTO "jobs" VALUES(2,'JOB_bad_37cda0c2-f913-4734-8fe0-23220c0402d8','SUBMISSION_68f379db-6089-41e1-bfc3-98a19ec29ccd',1,'bad','FAILED','raised',1,'vm:15569',1.79562974916404461864e+09,NULL,1.79562974919549155237e+09,1.79562974926039242741e+09,1.79562974973832321164e+09,6.78213100036373361945e-03,NULL,'{"kind": "raised", "type": "ValueError", "message": "no such luck, n\u00e9e", "traceback": "Traceback (most recent call last):\n  File \"/srv/app/flow.py\", line 13, in bad\n    raise ValueError(\"no such luck, n\u00e9e\")\nValueError: no such luck, n\u00e9e\n"}');
INSERT INTO "jobs" VALUES(3,'JOB_after_e197e78e-b8a3-4811-bac4-6314f721ac5f','SUBMISSION_68f379db-6089-41e1-bfc3-98a19ec29ccd',2,'after','ABANDONED','upstream_failed',1,NULL,1.79562974916404461864e+09,1.79562974919549155237e+09,NULL,NULL,1.79562974973832321164e+09,NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(4,'JOB_good_38e3904a-9fbc-4826-8795-857784bea30d','SUBMISSION_184c50d5-0c5d-49bd-9a3f-1e4f01d932d4',0,'good','COMPLETED',NULL,1,'vm:15647',1.7956297504195628166e+09,NULL,1.79562975046053719526e+09,1.79562975047765398025e+09,1.79562975072741985325e+09,0.00952518499980215,NULL,NULL);
INSERT INTO "jobs" VALUES(5,'JOB_good_42fab2aa-f57c-4be5-a8a1-6f0d3c07471b','SUBMISSION_c7138a20-1247-4f00-8dae-293ba010d4c3',0,'good','SKIPPED','up_to_date',1,NULL,1.79562975160258412364e+09,NULL,1.79562975165904855721e+09,NULL,1.79562975166028213503e+09,NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(6,'JOB_bad_199a0736-30a3-4a64-9bbc-375cb66bbcea','SUBMISSION_c7138a20-1247-4f00-8dae-293ba010d4c3',1,'bad','FAILED','raised',1,'vm:15710',1.79562975160258412364e+09,NULL,1.79562975165904855721e+09,1.7956297516746068001e+09,1.79562975211722683911e+09,5.23695499941823072731e-03,NULL,'{"kind": "raised", "type": "ValueError", "message": "no such luck, n\u00e9e", "traceback": "Traceback (most recent call last):\n  File \"/srv/app/flow.py\", line 13, in bad\n    raise ValueError(\"no such luck, n\u00e9e\")\nValueError: no such luck, n\u00e9e\n"}');
INSERT INTO "jobs" VALUES(7,'JOB_after_9e7cf2f4-3ba4-48bd-89f8-348abb1f7333','SUBMISSION_c7138a20-1247-4f00-8dae-293ba010d4c3',2,'after','ABANDONED','upstream_failed',1,NULL,1.79562975160258412364e+09,1.79562975165904855721e+09,NULL,NULL,1.79562975211722683911e+09,NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(8,'JOB_good_15c432c3-50c8-4e9c-a34a-a0c7161ec2e1','SUBMISSION_36a6e941-c406-43a0-afa6-28ff394dd0bc',0,'good','COMPLETED',NULL,1,'vm:15742',1.79562975285115408894e+09,NULL,1.79562975337846922872e+09,1.79562975339561891555e+09,1.7956297537457177639e+09,5.28805100111640058457e-03,NULL,NULL);
INSERT INTO "jobs" VALUES(9,'JOB_bad_bd99543a-f7c8-4246-9aa8-aecfc9ed067c','SUBMISSION_36a6e941-c406-43a0-afa6-28ff394dd0bc',1,'bad','RUNNING',NULL,1,'vm:15743',1.79562975285115408894e+09,NULL,1.79562975337846922872e+09,1.79562975340940523148e+09,NULL,NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(10,'JOB_after_33f6e5a6-6205-445e-9298-df0651e0ee8d','SUBMISSION_36a6e941-c406-43a0-afa6-28ff394dd0bc',2,'after','BLOCKED',NULL,1,NULL,1.79562975285115408894e+09,1.79562975337846922872e+09,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE locks (
    node       TEXT PRIMARY KEY,
    editor     TEXT,
    expires_at REAL
) STRICT;
INSERT INTO "locks" VALUES('DATANODE_seed_0e1819be-4da8-5bbf-bc37-b77ed16b84fe','ann',32503680000.0);
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
INSERT INTO "submissions" VALUES('SUBMISSION_68f379db-6089-41e1-bfc3-98a19ec29ccd','s','SCENARIO_s_0d9564c1-ea88-4e24-bb1f-f86a8a3f391a','s','scenario','standalone','FAILED',0,0,'58b521c6ccb0cb21',1.79562974916404461864e+09,1.79562974974053835867e+09,'vm:15501:3995c7f994a6440da63170e9c8ef8ad9','{"reads": [], "writes": []}');
INSERT INTO "submissions" VALUES('SUBMISSION_184c50d5-0c5d-49bd-9a3f-1e4f01d932d4','s','SCENARIO_s_32e29072-55dd-43dd-a18d-4e0d33f94768','may 2026','task:good','standalone','COMPLETED',0,0,'58b521c6ccb0cb21',1.7956297504195628166e+09,1.79562975072911262513e+09,'vm:15602:3f35108b7fcc4cb5ac3d7311b37f8a4d','{"reads": [], "writes": []}');
INSERT INTO "submissions" VALUES('SUBMISSION_c7138a20-1247-4f00-8dae-293ba010d4c3','s','SCENARIO_s_0d9564c1-ea88-4e24-bb1f-f86a8a3f391a','s','scenario','standalone','FAILED',0,0,'58b521c6ccb0cb21',1.79562975160258412364e+09,1.79562975211775374415e+09,'vm:15694:0dd003a19f0c4aed8d37629f2b9712be','{"reads": [], "writes": []}');
INSERT INTO "submissions" VALUES('SUBMISSION_36a6e941-c406-43a0-afa6-28ff394dd0bc','s','SCENARIO_s_eb044faa-ba43-45bb-947f-1dfbc0eab57d','lost','scenario','standalone','RUNNING',0,0,'58b521c6ccb0cb21',1.79562975285115408894e+09,NULL,'vm:15729:53c621faf3a94503bd09df03501a3500','{"reads": [], "writes": []}');
CREATE INDEX instances_by_name ON instances (scenario, name, created_at);
CREATE INDEX submissions_by_time ON submissions (created_at);
CREATE INDEX submissions_unfinished ON submissions (instance) WHERE finished_at IS NULL;
CREATE UNIQUE INDEX jobs_by_submission ON jobs (submission, position);
CREATE INDEX edits_by_node ON edits (node, number);
COMMIT;

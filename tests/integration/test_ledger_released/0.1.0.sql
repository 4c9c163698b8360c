BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE alerts (
	id INTEGER NOT NULL, 
	rule TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	window TEXT NOT NULL, 
	state TEXT NOT NULL, 
	level TEXT, 
	peak TEXT, 
	spoken BOOLEAN NOT NULL, 
	transitions BIGINT NOT NULL, 
	opened_at BIGINT NOT NULL, 
	changed_at BIGINT NOT NULL, 
	digest TEXT NOT NULL, 
	matched BIGINT NOT NULL, 
	orders BIGINT NOT NULL, 
	amount TEXT, 
	first_at TEXT, 
	last_at TEXT, 
	evidence TEXT NOT NULL, 
	CONSTRAINT pk_alerts PRIMARY KEY (id), 
	CONSTRAINT uq_alerts_rule_window_subject UNIQUE (rule, window, subject)
);
INSERT INTO "alerts" VALUES(1,'repeat-returns','ana','2023-06','open','warning','warning',1,2,1687248000000000,1687248000000000,'37110e95f8211f41',5,10,'25.00','2023-06-01','2023-06-05','[["ana-0","2023-06-01","returned","5.00"],["ana-1","2023-06-02","returned","5.00"],["ana-2","2023-06-03","returned","5.00"],["ana-3","2023-06-04","returned","5.00"],["ana-4","2023-06-05","returned","5.00"]]');
INSERT INTO "alerts" VALUES(2,'repeat-returns','eva','2023-06','open','notice','notice',1,1,1687248000000000,1687248000000000,'2ba80e4386bba37a',3,6,'15.00','2023-06-01','2023-06-03','[["eva-0","2023-06-01","returned","5.00"],["eva-1","2023-06-02","returned","5.00"],["eva-2","2023-06-03","returned","5.00"]]');
CREATE TABLE cursors (
	rule TEXT NOT NULL, 
	fingerprint TEXT NOT NULL, 
	checked_through BIGINT NOT NULL, 
	CONSTRAINT pk_cursors PRIMARY KEY (rule)
);
INSERT INTO "cursors" VALUES('repeat-returns','fingerprint',1687248000000000);
CREATE TABLE ledger (
	id INTEGER NOT NULL, 
	identity TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	last_alert BIGINT NOT NULL, 
	last_message BIGINT NOT NULL, 
	last_notice BIGINT NOT NULL, 
	holder_pid BIGINT, 
	holder_host TEXT, 
	held_since BIGINT, 
	CONSTRAINT pk_ledger PRIMARY KEY (id)
);
INSERT INTO "ledger" VALUES(1,'b5e8e1f6-3801-4598-af83-18d25ee62dba',1795336731402582,2,4,5,NULL,NULL,NULL);
CREATE TABLE messages (
	id INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	channel TEXT NOT NULL, 
	recipient TEXT NOT NULL, 
	language TEXT NOT NULL, 
	for_customer BOOLEAN NOT NULL, 
	digest BOOLEAN NOT NULL, 
	notices BIGINT NOT NULL, 
	state TEXT NOT NULL, 
	attempts BIGINT NOT NULL, 
	due_at BIGINT NOT NULL, 
	claimed_at BIGINT, 
	CONSTRAINT pk_messages PRIMARY KEY (id), 
	CONSTRAINT uq_messages_key UNIQUE ("key")
);
INSERT INTO "messages" VALUES(1,'d8e90322a8545adaebfd3f8b1e25458d','customer','ana@example.com','es',1,0,1,'sent',2,1687248000000000,NULL);
INSERT INTO "messages" VALUES(2,'e6235f5621a1d8af8926681cca8fc9c0','operations','ops@example.com','en',0,1,2,'sent',1,1687248000000000,NULL);
INSERT INTO "messages" VALUES(3,'0c672712df9bf8d1a334c6d624cb8360','customer','eva@example.com','es',1,0,1,'dead',1,1687248000000000,NULL);
INSERT INTO "messages" VALUES(4,'c2511f28cfc0f3847230168a542d0696','customer','ana@example.com','es',1,0,1,'pending',0,1687248000000000,NULL);
CREATE TABLE notices (
	id INTEGER NOT NULL, 
	message BIGINT NOT NULL, 
	alert BIGINT NOT NULL, 
	seq BIGINT NOT NULL, 
	kind TEXT NOT NULL, 
	channel TEXT NOT NULL, 
	recipient TEXT NOT NULL, 
	customer TEXT, 
	problem TEXT, 
	detail TEXT, 
	CONSTRAINT pk_notices PRIMARY KEY (id), 
	CONSTRAINT fk_notices_alert_seq_transitions FOREIGN KEY(alert, seq) REFERENCES transitions (alert, seq), 
	CONSTRAINT fk_notices_message_messages FOREIGN KEY(message) REFERENCES messages (id), 
	CONSTRAINT uq_notices_alert_seq_kind_channel_recipient UNIQUE (alert, seq, kind, channel, recipient)
);
INSERT INTO "notices" VALUES(1,1,1,1,'alert','customer','ana@example.com','["ana","Ana \u00d1and\u00fa","ana@example.com","es"]',NULL,NULL);
INSERT INTO "notices" VALUES(2,2,1,1,'alert','operations','ops@example.com',NULL,NULL,NULL);
INSERT INTO "notices" VALUES(3,2,2,1,'alert','operations','ops@example.com',NULL,NULL,NULL);
INSERT INTO "notices" VALUES(4,3,2,1,'alert','customer','eva@example.com','["eva","Ana \u00d1and\u00fa","eva@example.com","es"]',NULL,NULL);
INSERT INTO "notices" VALUES(5,4,1,2,'alert','customer','ana@example.com','["ana","Ana \u00d1and\u00fa","ana@example.com","es"]',NULL,NULL);
CREATE TABLE receipts (
	message BIGINT NOT NULL, 
	attempt BIGINT NOT NULL, 
	at BIGINT NOT NULL, 
	state TEXT NOT NULL, 
	code BIGINT, 
	words TEXT NOT NULL, 
	CONSTRAINT pk_receipts PRIMARY KEY (message, attempt), 
	CONSTRAINT fk_receipts_message_messages FOREIGN KEY(message) REFERENCES messages (id)
);
INSERT INTO "receipts" VALUES(1,1,1687248000000000,'pending',451,'451 4.3.0 try again');
INSERT INTO "receipts" VALUES(2,1,1687248000000000,'sent',250,'250 2.0.0 Ok: queued');
INSERT INTO "receipts" VALUES(3,1,1687248000000000,'dead',550,'550 5.1.1 no such user');
INSERT INTO "receipts" VALUES(1,2,1687248000000000,'sent',250,'250 2.0.0 Ok: queued');
CREATE TABLE rejects (
	run BIGINT NOT NULL, 
	rule TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	rows BIGINT NOT NULL, 
	matching BIGINT NOT NULL, 
	samples TEXT NOT NULL, 
	CONSTRAINT pk_rejects PRIMARY KEY (run, rule, reason), 
	CONSTRAINT fk_rejects_run_rule_surveys FOREIGN KEY(run, rule) REFERENCES surveys (run, rule) ON DELETE CASCADE
);
INSERT INTO "rejects" VALUES(1,'repeat-returns','no_date',2,1,'[{"a": null}]');
CREATE TABLE runs (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind TEXT NOT NULL, 
	started_at BIGINT NOT NULL, 
	finished_at BIGINT, 
	summary TEXT, 
	error TEXT
);
INSERT INTO "runs" VALUES(1,'sweep',1687248000000000,1687248000000000,'{"rows": 10}',NULL);
CREATE TABLE surveys (
	run BIGINT NOT NULL, 
	rule TEXT NOT NULL, 
	rows BIGINT NOT NULL, 
	orders BIGINT NOT NULL, 
	CONSTRAINT pk_surveys PRIMARY KEY (run, rule), 
	CONSTRAINT fk_surveys_run_runs FOREIGN KEY(run) REFERENCES runs (id) ON DELETE CASCADE
);
INSERT INTO "surveys" VALUES(1,'repeat-returns',10,8);
CREATE TABLE transitions (
	alert BIGINT NOT NULL, 
	seq BIGINT NOT NULL, 
	run BIGINT NOT NULL, 
	at BIGINT NOT NULL, 
	reason TEXT NOT NULL, 
	"before" TEXT, 
	state TEXT NOT NULL, 
	level TEXT, 
	peak TEXT, 
	spoken BOOLEAN NOT NULL, 
	speaks BOOLEAN NOT NULL, 
	title TEXT NOT NULL, 
	per TEXT NOT NULL, 
	period TEXT NOT NULL, 
	threshold BIGINT, 
	currency TEXT, 
	matched BIGINT NOT NULL, 
	orders BIGINT NOT NULL, 
	amount TEXT, 
	first_at TEXT, 
	last_at TEXT, 
	evidence TEXT NOT NULL, 
	CONSTRAINT pk_transitions PRIMARY KEY (alert, seq), 
	CONSTRAINT fk_transitions_alert_alerts FOREIGN KEY(alert) REFERENCES alerts (id)
);
INSERT INTO "transitions" VALUES(1,1,1,1687248000000000,'opened',NULL,'open','notice','notice',1,1,'Three or more returned orders','customer','month',3,'EUR',3,6,'15.00','2023-06-01','2023-06-03','[["ana-0","2023-06-01","returned","5.00"],["ana-1","2023-06-02","returned","5.00"],["ana-2","2023-06-03","returned","5.00"]]');
INSERT INTO "transitions" VALUES(2,1,1,1687248000000000,'opened',NULL,'open','notice','notice',1,1,'Three or more returned orders','customer','month',3,'EUR',3,6,'15.00','2023-06-01','2023-06-03','[["eva-0","2023-06-01","returned","5.00"],["eva-1","2023-06-02","returned","5.00"],["eva-2","2023-06-03","returned","5.00"]]');
INSERT INTO "transitions" VALUES(1,2,1,1687248000000000,'escalated','notice','open','warning','warning',1,1,'Three or more returned orders','customer','month',3,'EUR',5,10,'25.00','2023-06-01','2023-06-05','[["ana-0","2023-06-01","returned","5.00"],["ana-1","2023-06-02","returned","5.00"],["ana-2","2023-06-03","returned","5.00"],["ana-3","2023-06-04","returned","5.00"],["ana-4","2023-06-05","returned","5.00"]]');
CREATE INDEX ix_alerts_rule_state_window_level ON alerts (rule, state, window, level);
CREATE INDEX ix_alerts_subject ON alerts (subject);
CREATE INDEX ix_messages_state_due_at_id ON messages (state, due_at, id);
CREATE INDEX ix_notices_message ON notices (message);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('runs',1);
COMMIT;

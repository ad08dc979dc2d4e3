-- The audit log is sealed: its rows get numbers without gaps, in the order in which they were found committed, each with a
-- link over itself and all before it, and a seal under a key that is not in here.
ALTER TABLE audit ADD COLUMN seq BIGINT;
ALTER TABLE audit ADD COLUMN link BLOB;
ALTER TABLE audit ADD COLUMN seal BLOB;
CREATE UNIQUE INDEX audit_by_seq ON audit (seq) WHERE seq IS NOT NULL;
CREATE INDEX audit_unsealed ON audit (id) WHERE seq IS NULL;

-- Two places in the chain: its head, and the checkpoint up to which rows have gone by their age.
CREATE TABLE audit_chain (
    name  TEXT   NOT NULL PRIMARY KEY,
    seq   BIGINT NOT NULL,
    link  BLOB,
    seal  BLOB
);
INSERT INTO audit_chain (name, seq) VALUES ('head', 0), ('checkpoint', 0);

-- What the log is looked through by; newest first, so each ends in the id. Most rows are of what was done, and need no
-- index to be found.
CREATE INDEX audit_of_actor ON audit (actor_id, id) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_of_target ON audit (target_id, id) WHERE target_id IS NOT NULL;
CREATE INDEX audit_of_session ON audit (session_id, id) WHERE session_id IS NOT NULL;
CREATE INDEX audit_of_action ON audit (action, id);
CREATE INDEX audit_refused ON audit (id) WHERE outcome = 'refused';
CREATE INDEX audit_refused_of_action ON audit (action, id) WHERE outcome = 'refused';

-- These stop accidents. Whoever owns the file can drop them; the seals tell of that.
CREATE TRIGGER audit_keeps_content BEFORE UPDATE OF
    id, at, action, outcome, actor_id, target_id, session_id, address, device, request_id, detail ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_keeps_seals BEFORE UPDATE OF seq, link, seal ON audit WHEN OLD.seq IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_keeps_rows BEFORE DELETE ON audit
WHEN OLD.seq IS NULL OR OLD.seq > (SELECT seq FROM audit_chain WHERE name = 'checkpoint')
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;

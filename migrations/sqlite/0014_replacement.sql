-- The first generation that the last replacement of a session's credential began (0: none), and when that was.
ALTER TABLE sessions ADD COLUMN replaced_below BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN replaced_at BIGINT NOT NULL DEFAULT 0;

-- From now on a session below its user's `dead_below` is refused, marked as ended or not. Those that live on today were
-- excepted when the others were ended, and are from here on told by their version.
UPDATE sessions SET user_version = (SELECT version FROM users WHERE users.id = sessions.user_id)
WHERE ended_at IS NULL AND user_version < (SELECT dead_below FROM users WHERE users.id = sessions.user_id);

-- The machine and address of a node, by which its next self knows those that crashed there.
ALTER TABLE nodes ADD COLUMN origin TEXT NOT NULL DEFAULT '';

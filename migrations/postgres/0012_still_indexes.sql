-- A renewal moves the end of a session, and no index is to move with it: on PostgreSQL one column in one index makes every
-- renewal write to all of them.

-- When the clean-up looks at a session next: where it has an absolute end, that; where it has none, the end its life had
-- when last looked at. Rows from before this column are looked at once.
ALTER TABLE sessions ADD COLUMN cleanup_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX sessions_by_cleanup ON sessions (cleanup_at);
DROP INDEX sessions_by_expiry;
DROP INDEX sessions_by_absolute_end;
-- Room on each page for the next state of the rows that are on it.
ALTER TABLE sessions SET (fillfactor = 70);

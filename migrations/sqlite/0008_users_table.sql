-- What the list of users is found and sorted by.

-- The name in lower case.
ALTER TABLE users ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
-- When they last acted, to the minute; 0 is never.
ALTER TABLE users ADD COLUMN last_seen_at BIGINT NOT NULL DEFAULT 0;
UPDATE users SET name_key = LOWER(display_name),
  last_seen_at = COALESCE((SELECT MAX(last_active_at) FROM sessions WHERE user_id = users.id), 0);
CREATE INDEX users_by_name ON users (name_key, id);
CREATE INDEX users_by_sight ON users (last_seen_at, id);
CREATE INDEX users_by_creation ON users (created_at, id);
-- The few that one looks for among many.
CREATE INDEX users_with_role ON users (role) WHERE role <> 'user';
CREATE INDEX users_locked ON users (locked_at) WHERE locked_at IS NOT NULL;

-- What the desk shows of one person, and does for them.

-- What the admin who ended a session had its person told.
ALTER TABLE sessions ADD COLUMN end_message TEXT;
-- All sessions of a user, newest first: their ids are in the order of time.
CREATE INDEX sessions_of_user ON sessions (user_id, id);

-- Since when a sign-in first asks for another password.
ALTER TABLE users ADD COLUMN password_due_at BIGINT;

-- What admins and support write down of a user for each other.
CREATE TABLE user_notes (
    id         TEXT   NOT NULL PRIMARY KEY,
    user_id    TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- Stays when the author's account goes.
    author_id  TEXT,
    at         BIGINT NOT NULL,
    text       TEXT   NOT NULL
);
CREATE INDEX user_notes_of_user ON user_notes (user_id, id);

-- A credential came twice: the evidence of both uses, until someone says what it was.
CREATE TABLE alarms (
    id           TEXT   NOT NULL PRIMARY KEY,
    user_id      TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    session_id   TEXT   NOT NULL,
    kind         TEXT   NOT NULL,
    at           BIGINT NOT NULL,
    evidence     TEXT   NOT NULL,
    answered_at  BIGINT,
    answer       TEXT,
    answered_by  TEXT
);
CREATE INDEX alarms_of_user ON alarms (user_id, id);
CREATE INDEX alarms_open ON alarms (id) WHERE answered_at IS NULL;
CREATE INDEX alarms_by_time ON alarms (at);
-- To forget the browsers of one person.
CREATE INDEX known_devices_of_user ON known_devices (user_id);

-- The same as migrations/sqlite; texts that are paged by compare byte by byte, as they do there.
-- Instants are BIGINT Unix milliseconds; "never" is 253402300799000, so that one comparison covers it.

CREATE TABLE users (
    id             TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    email          TEXT COLLATE "C" NOT NULL UNIQUE,
    display_name   TEXT   NOT NULL,
    role           TEXT   NOT NULL,
    password_hash  TEXT   NOT NULL,
    -- Raised by whatever makes tokens minted before it wrong; carried in them as claim uv.
    version        BIGINT NOT NULL DEFAULT 0,
    -- Raised by transactions whose outcome depends on the user staying as read.
    touched        BIGINT NOT NULL DEFAULT 0,
    locked_at      BIGINT,
    created_at     BIGINT NOT NULL
);

CREATE TABLE sessions (
    id                    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    user_id               TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- Refresh tokens are derived from this and a sealed key; neither alone gives one.
    secret                BYTEA   NOT NULL,
    mac_kid               TEXT    NOT NULL,
    generation            BIGINT  NOT NULL,
    confirmed_generation  BIGINT  NOT NULL,
    rotated_at            BIGINT  NOT NULL,
    late_streak           BIGINT  NOT NULL,
    late_generation       BIGINT  NOT NULL,
    device_kind           TEXT    NOT NULL,
    user_agent            TEXT    NOT NULL,
    address               TEXT    NOT NULL,
    remembered            BOOLEAN NOT NULL,
    signed_in_at          BIGINT  NOT NULL,
    last_active_at        BIGINT  NOT NULL,
    expires_at            BIGINT  NOT NULL,
    idle_end_at           BIGINT  NOT NULL,
    absolute_end_at       BIGINT  NOT NULL,
    ended_at              BIGINT,
    end_reason            TEXT
);
CREATE INDEX sessions_by_user ON sessions (user_id, ended_at);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE keys (
    kid         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    purpose     TEXT   NOT NULL,
    algorithm   TEXT   NOT NULL,
    -- The secret part, sealed with a key derived from the auth secret.
    sealed      BYTEA  NOT NULL,
    created_at  BIGINT NOT NULL,
    retired_at  BIGINT
);

-- One row: the number of the newest revocation. Numbers given under its lock become visible in order.
CREATE TABLE feed (
    id   BIGINT NOT NULL PRIMARY KEY,
    seq  BIGINT NOT NULL
);
INSERT INTO feed (id, seq) VALUES (1, 0);

CREATE TABLE revocations (
    seq             BIGINT NOT NULL PRIMARY KEY,
    kind            TEXT   NOT NULL,
    subject         TEXT COLLATE "C" NOT NULL,
    below_version   BIGINT,
    except_session  TEXT,
    reason          TEXT   NOT NULL,
    until_at        BIGINT NOT NULL
);

CREATE TABLE throttles (
    name     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    count    BIGINT NOT NULL,
    last_at  BIGINT NOT NULL
);

CREATE TABLE known_devices (
    device_hash  TEXT COLLATE "C" NOT NULL,
    user_id      TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    seen_at      BIGINT NOT NULL,
    PRIMARY KEY (device_hash, user_id)
);

CREATE TABLE audit (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    at          BIGINT NOT NULL,
    action      TEXT   NOT NULL,
    outcome     TEXT   NOT NULL,
    actor_id    TEXT,
    target_id   TEXT,
    session_id  TEXT,
    address     TEXT,
    device      TEXT,
    request_id  TEXT,
    detail      TEXT
);
CREATE INDEX audit_by_target ON audit (target_id, action, at);

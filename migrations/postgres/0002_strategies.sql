-- What the strategies beside hybrid need, and rows that stand for an invariant over several rows.

-- What was minted with a lower version is dead, and why: known also where no session could be ended.
ALTER TABLE users ADD COLUMN dead_below BIGINT NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN dead_reason TEXT NOT NULL DEFAULT 'none';

-- The strategy whose credential the browser was last given.
ALTER TABLE sessions ADD COLUMN issued_as TEXT NOT NULL DEFAULT 'hybrid';
-- SHA-256 of the session token of the current generation (database strategy), and of the one before.
ALTER TABLE sessions ADD COLUMN token_hash BYTEA;
ALTER TABLE sessions ADD COLUMN former_token_hash BYTEA;
-- The user's version when the credential was issued; behind the user's own, it is due for a new one.
ALTER TABLE sessions ADD COLUMN user_version BIGINT NOT NULL DEFAULT 0;
-- While a token of a strategy that keeps nothing may still come back for this session, its row must stay.
ALTER TABLE sessions ADD COLUMN voucher_ends_at BIGINT NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX sessions_by_token ON sessions (token_hash);
CREATE UNIQUE INDEX sessions_by_former_token ON sessions (former_token_hash);
CREATE INDEX sessions_by_absolute_end ON sessions (absolute_end_at);

-- From when a key may sign (it is published before), and since when it is no longer believed.
ALTER TABLE keys ADD COLUMN signs_from BIGINT NOT NULL DEFAULT 0;
ALTER TABLE keys ADD COLUMN dead_at BIGINT;

-- What a browser did before it was signed in, by the hash of its cookie.
CREATE TABLE web_sessions (
    id_hash     BYTEA   NOT NULL PRIMARY KEY,
    data        TEXT   NOT NULL,
    expires_at  BIGINT NOT NULL
);
CREATE INDEX web_sessions_by_expiry ON web_sessions (expires_at);

-- A transaction that depends on several rows begins by updating the one that stands for them.
CREATE TABLE guards (
    name  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    n     BIGINT NOT NULL
);
INSERT INTO guards (name, n) VALUES ('admins', 0), ('keys', 0), ('accounts', 0);

-- Until when a credential of a strategy that keeps no rows may still live.
CREATE TABLE strategy_ends (
    strategy     TEXT   NOT NULL PRIMARY KEY,
    last_end_at  BIGINT NOT NULL
);

CREATE INDEX revocations_by_end ON revocations (until_at);

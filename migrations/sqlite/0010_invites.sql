-- Links that let someone make an account: each once, for one who is named or for whoever has it.
CREATE TABLE invites (
    id            TEXT   NOT NULL PRIMARY KEY,
    -- SHA-256 of the token in the link, which is nowhere.
    token_hash    BLOB   NOT NULL UNIQUE,
    -- Whose account it makes; NULL is anyone's.
    email         TEXT,
    -- What the form begins with; may be empty.
    display_name  TEXT   NOT NULL,
    role          TEXT   NOT NULL,
    -- NULL is the machine's operator. No reference: an invitation outlasts who made it, and then counts for less.
    created_by    TEXT,
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    used_at       BIGINT,
    used_by       TEXT,
    revoked_at    BIGINT
);
CREATE INDEX invites_by_expiry ON invites (expires_at);

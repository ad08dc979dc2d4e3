-- Word of sessions and accounts, sent to other programs. What is to be sent is read from the sealed audit log.

CREATE TABLE webhooks (
    id               TEXT    NOT NULL PRIMARY KEY,
    url              TEXT    NOT NULL,
    description      TEXT    NOT NULL,
    -- Types of messages with spaces between; empty is all.
    events           TEXT    NOT NULL,
    -- Sealed with the auth secret, as keys are.
    secret           BLOB    NOT NULL,
    -- Signs beside it until then.
    former_secret    BLOB,
    former_until     BIGINT  NOT NULL DEFAULT 0,
    -- The number of the last row of the audit log that was looked at for it.
    cursor_seq       BIGINT  NOT NULL,
    enabled          BOOLEAN NOT NULL,
    -- Why it was switched off; NULL where an admin did so.
    disabled_reason  TEXT,
    -- When a message was last taken; 0 is never.
    delivered_at     BIGINT  NOT NULL DEFAULT 0,
    -- The session to whose page without scripts the secret is yet to be shown, until then; then the request that took it.
    show_to          TEXT,
    show_until       BIGINT  NOT NULL DEFAULT 0,
    created_at       BIGINT  NOT NULL
);

CREATE TABLE webhook_deliveries (
    -- The id of the message, the same at every attempt.
    id             TEXT   NOT NULL PRIMARY KEY,
    webhook_id     TEXT   NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    -- The row of the audit log that made it; 0 is none.
    seq            BIGINT NOT NULL,
    -- Which of the messages of that row it is.
    part           BIGINT NOT NULL,
    event          TEXT   NOT NULL,
    body           TEXT   NOT NULL,
    state          TEXT   NOT NULL,
    attempts       BIGINT NOT NULL DEFAULT 0,
    next_at        BIGINT NOT NULL,
    -- Who took the attempt has until then; after that they are taken for dead.
    claimed_until  BIGINT NOT NULL DEFAULT 0,
    tried_at       BIGINT NOT NULL DEFAULT 0,
    status         BIGINT,
    error          TEXT,
    took_ms        BIGINT,
    created_at     BIGINT NOT NULL
);
CREATE UNIQUE INDEX webhook_deliveries_once ON webhook_deliveries (webhook_id, seq, part) WHERE seq > 0;
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, next_at) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_of ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (created_at);

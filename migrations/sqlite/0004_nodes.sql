-- The processes that serve this database.

CREATE TABLE nodes (
    id          TEXT   NOT NULL PRIMARY KEY,
    -- Raised each second while the node is not alone. Others see whether it moves, so that no clocks are compared.
    beat        BIGINT NOT NULL,
    -- The number of the newest revocation in force there.
    applied     BIGINT NOT NULL,
    started_at  BIGINT NOT NULL
);

-- Which node does what is to be done once: none where the holder is empty.
CREATE TABLE leases (
    name    TEXT NOT NULL PRIMARY KEY,
    holder  TEXT NOT NULL
);
INSERT INTO leases (name, holder) VALUES ('schedule', '');

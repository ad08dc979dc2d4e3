-- What the desk shows without looking at sessions one by one.

-- When the watch looks at a session next: the first of its ends as that was known then, "never" once it is over. So that
-- acts and renewals, which move those ends, need not move this.
ALTER TABLE sessions ADD COLUMN due_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX sessions_by_due ON sessions (due_at);

-- How much happened, by the minute and by the hour.
CREATE TABLE activity (
    grain  TEXT   NOT NULL,
    at     BIGINT NOT NULL,
    kind   TEXT   NOT NULL,
    n      BIGINT NOT NULL,
    PRIMARY KEY (grain, at, kind)
);

-- When the password of a session was last proved: at sign-in, or by a step-up. One from before this column proved nothing
-- that is known, and is asked once more.
ALTER TABLE sessions ADD COLUMN proved_at BIGINT NOT NULL DEFAULT 0;

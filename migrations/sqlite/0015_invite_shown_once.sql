-- The link of an invitation that a form without scripts asked for is shown on the page that follows, once.

-- The session to which it is yet to be shown, until then; then the request that took it.
ALTER TABLE invites ADD COLUMN show_to TEXT;
ALTER TABLE invites ADD COLUMN show_until BIGINT NOT NULL DEFAULT 0;
-- The token, sealed with the auth secret. It goes with the next invitation, or when this one is used or revoked.
ALTER TABLE invites ADD COLUMN show_token BLOB;

-- What the clean-up looks for by age.

CREATE INDEX throttles_by_last_failure ON throttles (last_at);
CREATE INDEX known_devices_by_last_sight ON known_devices (seen_at);

-- Where there is no absolute end ("never"), the end of its life decides when a session goes. By that alone, one would read
-- all that have expired and are evidence still.
DROP INDEX sessions_by_absolute_end;
CREATE INDEX sessions_by_absolute_end ON sessions (absolute_end_at, expires_at);

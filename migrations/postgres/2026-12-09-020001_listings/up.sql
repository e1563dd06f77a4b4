-- Published events that aren't over, what ends first and what changed last; those that wait to be released.
CREATE INDEX events_public_ends_at ON events (is_public, ends_at, id);
CREATE INDEX events_public_updated_at ON events (is_public, updated_at, id);
CREATE INDEX events_status ON events (status, id);

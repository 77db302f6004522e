-- Who has tried how often to log in and the like, in this minute, at all nodes.
-- Nobody misses it after a crash.

SET LOCAL search_path = hermetic;

CREATE UNLOGGED TABLE attempt (
  minute timestamptz NOT NULL,
  name   bigint NOT NULL, -- a hash of what was tried, by whom
  count  bigint NOT NULL,
  PRIMARY KEY (minute, name)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON attempt TO hermetic_api;

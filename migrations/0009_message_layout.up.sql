-- The log in an order of columns that wastes no padding: 14 messages of the
-- usual length in a page where 13 were (docs/adr/0013). It copies all rows in
-- one transaction; meanwhile nothing can be sent or read, and as much disk
-- again is needed (docs/operations.md says how long).

SET LOCAL search_path = hermetic;
SET LOCAL maintenance_work_mem = '256MB';

-- Vacuum after a hundredth has gone, not a fifth: history expires from the
-- start of the logs on, all the time.
ALTER TABLE message RENAME TO message_before;
ALTER TABLE message_before DROP CONSTRAINT message_pkey;
DROP INDEX message_nonce, message_of_old;

CREATE TABLE message (
  session_id uuid NOT NULL,
  sender     uuid NOT NULL,
  seq        bigint NOT NULL,
  epoch      bigint NOT NULL,
  sent_at    timestamptz NOT NULL,
  kind       smallint NOT NULL CHECK (kind IN (1, 2, 3)),
  nonce      bytea NOT NULL CHECK (length(nonce) = 16),
  head       bytea NOT NULL,
  envelope   bytea NOT NULL
) WITH (
  autovacuum_vacuum_scale_factor = 0.01
);
ALTER TABLE message ALTER COLUMN envelope SET STORAGE EXTERNAL;
INSERT INTO message (session_id, seq, kind, epoch, sender, nonce, envelope,
                     head, sent_at)
  SELECT session_id, seq, kind, epoch, sender, nonce, envelope, head, sent_at
  FROM message_before;
DROP TABLE message_before;
ALTER TABLE message ADD PRIMARY KEY (session_id, seq);
CREATE UNIQUE INDEX message_nonce ON message (session_id, nonce);
CREATE INDEX message_of_old ON message USING brin (sent_at);

GRANT SELECT, INSERT ON message TO hermetic_api;
GRANT SELECT (session_id, seq, head, sent_at) ON message TO hermetic_rotation;
GRANT DELETE ON message TO hermetic_rotation;
GRANT SELECT, INSERT ON message TO hermetic_mqtt_bridge;

-- Whoever stores must not depend on the order.
DO $$
DECLARE
  positional text := 'INSERT INTO message VALUES (';
  named text := 'INSERT INTO message (session_id, seq, kind, epoch, sender, '
                'nonce, envelope, head, sent_at) VALUES (';
BEGIN
  EXECUTE replace(pg_get_functiondef('append_commit'::regproc), positional, named);
  EXECUTE replace(pg_get_functiondef('move_session'::regproc), positional, named);
END $$;

-- Unique by the session first, as whoever spreads sessions over machines
-- demands (docs/scaling.md).
ALTER TABLE welcome DROP CONSTRAINT welcome_pkey,
  ADD PRIMARY KEY (session_id, welcome_id);

SET LOCAL search_path = hermetic;

ALTER TABLE welcome DROP CONSTRAINT welcome_pkey,
  ADD PRIMARY KEY (welcome_id);

ALTER TABLE message RENAME TO message_before;
ALTER TABLE message_before DROP CONSTRAINT message_pkey;
DROP INDEX message_nonce, message_of_old;

CREATE TABLE message (
  session_id uuid NOT NULL,
  seq        bigint NOT NULL,
  kind       smallint NOT NULL CHECK (kind IN (1, 2, 3)),
  epoch      bigint NOT NULL,
  sender     uuid NOT NULL,
  nonce      bytea NOT NULL CHECK (length(nonce) = 16),
  envelope   bytea NOT NULL,
  head       bytea NOT NULL,
  sent_at    timestamptz NOT NULL
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

DO $$
DECLARE
  positional text := 'INSERT INTO message VALUES (';
  named text := 'INSERT INTO message (session_id, seq, kind, epoch, sender, '
                'nonce, envelope, head, sent_at) VALUES (';
BEGIN
  EXECUTE replace(pg_get_functiondef('append_commit'::regproc), named, positional);
  EXECUTE replace(pg_get_functiondef('move_session'::regproc), named, positional);
END $$;

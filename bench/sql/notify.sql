-- One message in a transaction with its NOTIFY, in a single round trip.
WITH stored AS (
  INSERT INTO floor.message (session_id, seq, kind, epoch, sender, nonce,
                             envelope, head, sent_at, hash)
  SELECT lpad(to_hex(:client_id::integer), 32, '0')::uuid, nextval('floor.seq'), 1, 0,
         '00000000-0000-0000-0000-000000000001',
         t.ms || substring(uuid_send(gen_random_uuid()) FROM 1 FOR 10),
         s.envelope, substring(s.envelope FROM 1 FOR 32), now(),
       substring(s.envelope FROM 1 FOR 32)
  FROM floor.sample s, floor.now t RETURNING session_id, seq
)
SELECT pg_notify('floor', session_id::text || ' ' || seq) FROM stored;

-- A hundred messages in one transaction, into a table like the log's.
INSERT INTO floor.message (session_id, seq, kind, epoch, sender, nonce,
                           envelope, head, sent_at, hash)
SELECT lpad(to_hex(i), 32, '0')::uuid, nextval('floor.seq'), 1, 0,
       '00000000-0000-0000-0000-000000000001',
       t.ms || substring(uuid_send(gen_random_uuid()) FROM 1 FOR 10),
       s.envelope, substring(s.envelope FROM 1 FOR 32), now(),
       substring(s.envelope FROM 1 FOR 32)
FROM generate_series(1, 100) i, floor.sample s, floor.now t;

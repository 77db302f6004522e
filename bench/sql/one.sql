-- One message in a transaction that nobody is told of.
INSERT INTO floor.message (session_id, seq, kind, epoch, sender, nonce,
                           envelope, head, sent_at, hash)
SELECT '00000000-0000-0000-0000-000000000001', nextval('floor.seq'), 1, 0,
       '00000000-0000-0000-0000-000000000001',
       t.ms || substring(uuid_send(gen_random_uuid()) FROM 1 FOR 10),
       s.envelope, substring(s.envelope FROM 1 FOR 32), now(),
       substring(s.envelope FROM 1 FOR 32)
FROM floor.sample s, floor.now t;

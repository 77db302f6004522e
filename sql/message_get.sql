-- $1 session, $2 device, $3 seq. No row: not there, or not for this device.
SELECT m.seq, m.kind, m.epoch, m.sender, m.envelope, m.head,
       coalesce(m.hash, sha256(m.envelope)) AS hash,
       (extract(epoch FROM m.sent_at) * 1000)::bigint AS sent_ms
FROM message m
JOIN active_member USING (session_id)
WHERE m.session_id = $1::uuid AND device_id = $2::uuid AND m.seq = $3::bigint;

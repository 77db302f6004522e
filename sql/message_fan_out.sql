-- For the node itself, which knows who may read: $1 session, $2 after, $3 limit
SELECT seq, kind, epoch, sender, envelope, head,
       coalesce(hash, sha256(envelope)) AS hash, origin,
       (extract(epoch FROM sent_at) * 1000)::bigint AS sent_ms
FROM message
WHERE session_id = $1::uuid AND seq > $2::bigint
ORDER BY seq
LIMIT $3::integer;

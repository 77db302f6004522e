-- For the node itself, which knows who may read: arrays of $1 session and $2
-- after this seq; $3 limit for each. In order of `ord` and seq. $4: NULL, or where sessions
-- are spread over machines one of them; then they are all in one bucket, and the table is
-- asked for $1 as a whole, too (docs/adr/0074).
SELECT i.ord, m.seq, m.kind, m.epoch, m.sender, m.envelope, m.head,
       coalesce(m.hash, sha256(m.envelope)) AS hash, m.origin,
       (extract(epoch FROM m.sent_at) * 1000)::bigint AS sent_ms
FROM unnest($1::uuid[], $2::bigint[]) WITH ORDINALITY
     AS i(session_id, after, ord)
CROSS JOIN LATERAL (
  SELECT * FROM message
  WHERE ($4::uuid IS NULL OR session_id = ANY ($1::uuid[]))
    AND session_id = i.session_id AND seq > i.after
  ORDER BY seq
  LIMIT $3::integer
) m
ORDER BY i.ord, m.seq;

-- The logs that grew in the last $1 seconds: from where, and how far.
SELECT session_id, min(seq) AS first_seq, max(seq) AS last_seq
FROM message WHERE sent_at > now() - make_interval(secs => $1::bigint)
GROUP BY session_id;

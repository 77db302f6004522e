-- The ordinal of the key to make, when the newest one has signed for $1
-- seconds.
SELECT max(ordinal) + 1 AS ordinal FROM signing_key
HAVING max(signs_at) < now() - make_interval(secs => $1::bigint);

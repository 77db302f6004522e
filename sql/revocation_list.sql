-- $1 seconds: families revoked so recently that their access tokens may not
-- have expired.
SELECT family_id FROM token_family
WHERE revoked_at > now() - make_interval(secs => $1::bigint);

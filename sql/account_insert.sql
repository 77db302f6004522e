-- $1 user id, $2 name, $3 salt, $4 hash, $5 $6 $7 cost, $8 the hash of a token to
-- register with, or NULL where none is wanted, $9 for how many seconds the name of an
-- erased account is held back. One row: `admitted`: the token is good, and is used once
-- more by this; `held`: the name is held back; `made`: it was free.
WITH name AS MATERIALIZED (
  SELECT EXISTS (SELECT FROM account WHERE username = $2::text) AS taken,
         EXISTS (SELECT FROM held_name
                 WHERE name = (SELECT limit_name('held ' || $2::text))
                   AND since > now() - make_interval(secs => $9::bigint)) AS held
), token AS (
  UPDATE registration_token SET uses_left = uses_left - 1
  WHERE token_hash = $8::bytea AND uses_left > 0 AND expires_at > now()
    AND NOT EXISTS (SELECT FROM name WHERE taken OR held)
  RETURNING token_hash
), made AS (
  INSERT INTO account (user_id, username, salt, password_hash, cost_n, cost_r,
                       cost_p)
  SELECT $1::uuid, $2::text, $3::bytea, $4::bytea, $5::bigint, $6::integer,
         $7::integer
  WHERE ($8::bytea IS NULL OR EXISTS (SELECT FROM token))
    AND NOT (SELECT held FROM name)
  ON CONFLICT (username) DO NOTHING
  RETURNING user_id
), told AS MATERIALIZED (
  SELECT audit_append('account', 'registered', user_id, '') FROM made
)
SELECT $8::bytea IS NULL OR EXISTS (
         SELECT FROM registration_token
         WHERE token_hash = $8::bytea AND uses_left > 0 AND expires_at > now())
         AS admitted,
       (SELECT held FROM name) AS held,
       (SELECT count(*) FROM told) = 1 AS made;

-- Tokens to register with; `token_id` is the beginning of the token's hash.
SELECT row_to_json(t)::text AS json,
       format('%s %s uses until %s', token_id, uses_left, until) AS line,
       NULL::text AS at
FROM (
  SELECT left(encode(token_hash, 'hex'), 16) AS token_id, uses_left,
         (extract(epoch FROM created_at) * 1000)::bigint AS created_at,
         (extract(epoch FROM expires_at) * 1000)::bigint AS expires_at
  FROM registration_token WHERE expires_at > now()) AS t,
  to_char(to_timestamp(expires_at / 1000.0), 'YYYY-MM-DD HH24:MI:SS TZ') AS until
ORDER BY created_at, token_id;

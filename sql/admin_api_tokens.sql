-- Tokens of the administration's API.
SELECT row_to_json(t)::text AS json,
       format('%-32s %s%s', name, scopes,
              CASE WHEN ended_at IS NOT NULL THEN ', ended'
                   WHEN expires_at < extract(epoch FROM now()) * 1000
                   THEN ', expired' END) AS line,
       NULL::text AS at
FROM (
  SELECT name, scopes,
         (extract(epoch FROM created_at) * 1000)::bigint AS created_at,
         (extract(epoch FROM expires_at) * 1000)::bigint AS expires_at,
         (extract(epoch FROM ended_at) * 1000)::bigint AS ended_at
  FROM admin_api_token) AS t
ORDER BY created_at, name;

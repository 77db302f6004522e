-- $1 after this id, $2 how many; $3 this one alone, or NULL.
SELECT row_to_json(s)::text AS json,
       format('%s %4s people, %5s devices, %8s entries, %11s bytes%s', session_id, people,
              devices, entries, bytes,
              CASE WHEN ended_at IS NOT NULL THEN ', ended' END) AS line,
       session_id::text AS at
FROM (
  SELECT session_id, algorithm, epoch, people, devices, entries, bytes,
         created_ms AS created_at, ended_ms AS ended_at
  FROM admin_sessions($1::uuid, $2::integer, $3::uuid)) AS s
ORDER BY session_id;

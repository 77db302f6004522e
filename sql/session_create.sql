-- $1 session, $2 user, $3 device, $4 algorithm, $5 join policy, $6 GroupInfo,
-- $7 usernames to invite; how many sessions $2 may make in a day: $8; and $9, $10 as
-- $5, $6 of invitation_insert.sql: who has blocked $2 is no user, and charges none.
-- `wait`: seconds, of too-many-requests.
WITH charged AS MATERIALIZED (
  SELECT charge_quota('sessions by ' || $2::uuid, 1, $8::bigint, interval '1 day')
           AS wait
), invited AS MATERIALIZED (
  SELECT CASE WHEN wait <> 0 THEN wait ELSE charge_invitations($2::uuid,
    array(SELECT user_id FROM account WHERE username = ANY (
      array(SELECT visible_name(u, $2::uuid) FROM unnest($7::text[]) u))),
    $9::bigint, $10::bigint) END AS wait
  FROM charged
)
SELECT c.outcome, c.head,
       (extract(epoch FROM c.created_at) * 1000)::bigint AS created_ms,
       c.unknown_username, i.wait
FROM invited i CROSS JOIN LATERAL
  create_session($1::uuid, $2::uuid, $3::uuid, $4::text, $5::text,
                 $6::bytea, $7::text[]) AS c
WHERE i.wait = 0
UNION ALL
SELECT CASE WHEN wait > 0 THEN 'too-many-requests' ELSE 'quota-exceeded' END,
       NULL, NULL, NULL, wait
FROM invited WHERE wait <> 0;

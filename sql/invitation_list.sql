-- $1 user, $2 device: the sessions that wait for the user, by whom: by an invitation,
-- or by a Welcome for the device. None of those whom the user has blocked, and none that
-- the device is in. The newest ones, of the newest thousand of each kind: anybody may fill
-- the list. Who has given a letter has invited the user, too,
-- behind who did so first; but who is no member any more is named only of an invitation
-- for which nobody else stands. `erased`: the inviter's account does not exist any more.
WITH waiting AS (
  SELECT * FROM (
    SELECT i.session_id, i.invited_by AS inviter, i.created_at, 1 AS weight
    FROM invitation i WHERE i.user_id = $1::uuid
    ORDER BY i.created_at DESC LIMIT 1000) i
  UNION ALL
  SELECT * FROM (
    SELECT k.session_id, k.invited_by, k.given_at, 0
    FROM invitation_letter k WHERE k.user_id = $1::uuid
    ORDER BY k.given_at DESC LIMIT 1000) k
  UNION ALL
  SELECT w.session_id, d.user_id, w.created_at, 2
  FROM (SELECT * FROM welcome WHERE device_id = $2::uuid
        ORDER BY created_at DESC LIMIT 1000) w
  CROSS JOIN LATERAL (SELECT sender FROM message m
                WHERE m.session_id = w.session_id AND m.seq = w.seq LIMIT 1) m
  CROSS JOIN LATERAL (SELECT user_id FROM device
                      WHERE device_id = m.sender LIMIT 1) d
), judged AS (
  SELECT w.*, w.weight = 2 OR m.stands IS NOT NULL AS stands
  FROM waiting w
  LEFT JOIN LATERAL (
    SELECT true AS stands FROM active_member m
    WHERE m.session_id = w.session_id
      AND m.device_id = ANY ((SELECT array_agg(d.device_id) FROM device d
                              WHERE d.user_id = w.inviter)::uuid[])
    LIMIT 1) m ON true
), shown AS (
  SELECT DISTINCT ON (session_id) * FROM judged w
  WHERE (w.stands OR w.weight = 1) AND w.inviter <> $1::uuid
    AND NOT EXISTS (SELECT FROM account_block b
                    WHERE b.by_user = $1::uuid AND b.blocked = w.inviter)
  ORDER BY session_id, stands DESC, weight DESC, created_at DESC
)
SELECT w.session_id, s.algorithm, a.username, a.erased_at IS NOT NULL AS erased,
       l.fingerprint, w.weight = 2 AS added,
       (extract(epoch FROM w.created_at) * 1000)::bigint AS invited_ms
FROM shown w
CROSS JOIN LATERAL (SELECT algorithm FROM session
                    WHERE session_id = w.session_id AND ended_at IS NULL LIMIT 1) s
CROSS JOIN LATERAL (SELECT username, erased_at FROM account
                    WHERE user_id = w.inviter LIMIT 1) a
LEFT JOIN LATERAL (SELECT fingerprint FROM account_log
                   WHERE user_id = w.inviter AND replaced_at IS NULL LIMIT 1) l ON true
LEFT JOIN LATERAL (
  SELECT true AS already FROM session_member m
  WHERE m.session_id = w.session_id AND m.departed_at IS NULL
    AND m.device_id = ANY ((SELECT array_agg(device_id) FROM device
                            WHERE user_id = $1::uuid AND removed_at IS NULL)::uuid[])
  LIMIT 1) m ON true
WHERE w.weight = 2 OR m.already IS NULL
ORDER BY invited_ms DESC, w.session_id
LIMIT 500;

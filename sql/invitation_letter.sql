-- $1 session, $2 user, $3 how many: the letters that go with the user's invitation, the
-- newest first, and none of whom the user has blocked, or of who is no member any more.
SELECT k.letter FROM invitation_letter k
WHERE k.session_id = $1::uuid AND k.user_id = $2::uuid
  AND NOT EXISTS (SELECT FROM account_block b
                  WHERE b.by_user = $2::uuid AND b.blocked = k.invited_by)
  AND EXISTS (
    SELECT FROM active_member m
    WHERE m.session_id = $1::uuid
      AND m.device_id = ANY ((SELECT array_agg(d.device_id) FROM device d
                              WHERE d.user_id = k.invited_by)::uuid[]))
ORDER BY k.given_at DESC, k.fingerprint LIMIT $3::bigint;

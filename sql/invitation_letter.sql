-- $1 session, $2 user, $3 how many: the letters that go with the user's invitation, the
-- newest first, and none of whom the user has blocked, or of who is no member any more.
WITH letters AS MATERIALIZED (
  SELECT letter, given_at, fingerprint, invited_by FROM invitation_letter
  WHERE session_id = $1::uuid AND user_id = $2::uuid
), devices AS MATERIALIZED (
  SELECT device_id, user_id FROM device
  WHERE user_id = ANY (ARRAY(SELECT invited_by FROM letters))
), members AS MATERIALIZED (
  SELECT device_id FROM active_member
  WHERE session_id = $1::uuid
    AND device_id = ANY (ARRAY(SELECT device_id FROM devices))
)
SELECT k.letter FROM letters k
WHERE NOT EXISTS (SELECT FROM account_block b
                  WHERE b.by_user = $2::uuid AND b.blocked = k.invited_by)
  AND EXISTS (SELECT FROM members JOIN devices d USING (device_id)
              WHERE d.user_id = k.invited_by)
ORDER BY k.given_at DESC, k.fingerprint LIMIT $3::bigint;

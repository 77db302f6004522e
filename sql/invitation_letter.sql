-- $1 session, $2 user, $3 how many: the letters that go with the user's invitation, the
-- newest first, and none of whom the user has blocked.
SELECT k.letter FROM invitation_letter k
WHERE k.session_id = $1::uuid AND k.user_id = $2::uuid
  AND NOT EXISTS (SELECT FROM account_block b
                  WHERE b.by_user = $2::uuid AND b.blocked = k.invited_by)
ORDER BY k.given_at DESC, k.fingerprint LIMIT $3::bigint;

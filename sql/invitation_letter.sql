-- $1 session, $2 user: the letter that goes with the user's invitation, unless who
-- invites is blocked.
SELECT i.letter FROM invitation i
WHERE i.session_id = $1::uuid AND i.user_id = $2::uuid AND i.letter IS NOT NULL
  AND NOT EXISTS (SELECT FROM account_block b
                  WHERE b.by_user = $2::uuid AND b.blocked = i.invited_by);

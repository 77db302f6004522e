-- $1 session, $2 user. A row when there was an invitation.
DELETE FROM invitation WHERE session_id = $1::uuid AND user_id = $2::uuid
RETURNING session_id;

-- $1 session, $2 the API's token or NULL. Returns false when the session does not exist or
-- has ended.
SELECT admin_session_end($1::uuid, $2::uuid) AS done;

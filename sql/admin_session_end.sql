-- $1 session, $2 the API's token or NULL. False: there is none that goes on.
SELECT admin_session_end($1::uuid, $2::uuid) AS done;

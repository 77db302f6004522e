-- $1 session. False: there is none that goes on.
SELECT admin_session_end($1::uuid) AS done;

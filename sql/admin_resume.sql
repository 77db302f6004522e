-- $1 user name, $2 the API's token or NULL: its person may log in again. False: no such
-- account.
SELECT admin_suspend($1::text, false, $2::uuid) AS done;

-- $1 user name, $2 the API's token or NULL: nobody logs in to it any more. False: no such
-- account.
SELECT admin_suspend($1::text, true, $2::uuid) AS done;

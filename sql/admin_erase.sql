-- $1 user name, $2 the API's token or NULL. False: no such account.
SELECT admin_erase($1::text, $2::uuid) AS done;

-- $1 user name, $2 suspended from now on, or not any more. False: no such account.
SELECT admin_suspend($1::text, $2::boolean) AS done;

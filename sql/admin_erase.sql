-- $1 user name. False: no such account.
SELECT admin_erase($1::text) AS done;

-- $1 user name. NULL: no such account.
SELECT admin_export($1::text) AS archive;

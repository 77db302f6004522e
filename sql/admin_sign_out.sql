-- $1 user name, $2 the API's token or NULL: all tokens of the account end. False: no such
-- account.
SELECT admin_sign_out($1::text, $2::uuid) AS done;

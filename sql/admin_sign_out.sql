-- $1 user name: all its tokens end. False: no such account.
SELECT admin_sign_out($1::text) AS done;

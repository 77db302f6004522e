SELECT user_id, salt, password_hash, cost_n, cost_r, cost_p,
       suspended_at IS NOT NULL AS suspended, guesses_reset
FROM account WHERE username = $1::text;

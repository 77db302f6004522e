-- $1 user id, $2 name, $3 salt, $4 hash, $5 $6 $7 cost. No row: taken.
INSERT INTO account (user_id, username, salt, password_hash, cost_n, cost_r,
                     cost_p)
VALUES ($1::uuid, $2::text, $3::bytea, $4::bytea, $5::bigint, $6::integer,
        $7::integer)
ON CONFLICT (username) DO NOTHING
RETURNING user_id;

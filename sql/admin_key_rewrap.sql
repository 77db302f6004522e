-- $1 key id, $2 wrapped key as it was, $3 as it is now, $4 under which key
UPDATE signing_key SET wrapped_key = $3::bytea, kek_id = $4::bytea
WHERE kid = $1::text AND wrapped_key = $2::bytea
RETURNING kid;

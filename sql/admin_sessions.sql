-- $1 after this id, $2 how many; $3 this one alone, or NULL.
SELECT * FROM admin_sessions($1::uuid, $2::integer, $3::uuid);

-- $1 session, $2 device, $3 file
SELECT drop_file($1::uuid, $2::uuid, $3::uuid) AS outcome;

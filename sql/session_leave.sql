-- $1 session, $2 device, $3 its signature under the wish to leave. `left`: 0
-- when it was no member (any more).
SELECT depart($1::uuid, $2::uuid, 'left', $3::bytea) AS left;

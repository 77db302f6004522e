-- $1 session, $2 device, $3 epoch, $4 leaf that departs, $5 signer's leaf, $6 nonce,
-- $7 departure
SELECT outcome, seq, head
FROM append_departure($1::uuid, $2::uuid, $3::bigint, $4::bigint, $5::bigint,
                      $6::bytea, $7::bytea);

-- $1 device; arrays: $2 algorithm, $3 ref, $4 KeyPackage, $5 last resort,
-- $6 expiry in seconds since 1970, $7 names a device of an account. A newer last-resort
-- one replaces the older, and one that names a device of an account those that do
-- not. $8 is how many of an algorithm a device may have beside the last-resort one: with
-- more, nothing is stored, and `full` says so.
WITH input AS MATERIALIZED (
  SELECT * FROM unnest($2::text[], $3::bytea[], $4::bytea[], $5::boolean[],
                       $6::bigint[], $7::boolean[])
    AS i(algorithm, ref, key_package, last_resort, expires, of_account)
), stock AS MATERIALIZED (
  SELECT EXISTS (
    SELECT FROM (SELECT algorithm, count(*) AS n, bool_or(of_account) AS renews
                 FROM input i
                 WHERE NOT last_resort AND NOT EXISTS (
                   SELECT FROM key_package k WHERE k.ref = i.ref)
                 GROUP BY algorithm) AS new
    WHERE new.n + (SELECT count(*) FROM key_package k
                   WHERE k.device_id = $1::uuid AND k.algorithm = new.algorithm
                     AND NOT k.last_resort AND k.expires_at > now()
                     AND (k.of_account OR NOT new.renews))
          > $8::bigint) AS full
), replaced AS (
  DELETE FROM key_package k USING input i, stock s
  WHERE k.device_id = $1::uuid AND k.algorithm = i.algorithm AND k.ref <> i.ref
    AND (k.last_resort AND i.last_resort OR i.of_account AND NOT k.of_account)
    AND NOT s.full
), inserted AS (
  INSERT INTO key_package (device_id, algorithm, ref, key_package, last_resort,
                           expires_at, of_account)
  SELECT $1::uuid, algorithm, ref, key_package, last_resort,
         to_timestamp(expires), of_account
  FROM input, stock WHERE NOT stock.full
  ON CONFLICT (ref) DO NOTHING
)
SELECT s.full FROM stock s;

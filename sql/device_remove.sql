-- $1 device, $2 its user. No row: there is none. `signed`: it stands in the account's
-- log, so that a link has to end it. Otherwise it has ended, with its tokens
-- (`family_id`: a row for each family, at least one).
WITH found AS MATERIALIZED (
  SELECT device_id,
         EXISTS (SELECT FROM account_log l
                 WHERE l.fingerprint = d.fingerprint
                   AND l.replaced_at IS NULL) AS signed
  FROM device d
  WHERE device_id = $1::uuid AND user_id = $2::uuid AND removed_at IS NULL
), ended AS MATERIALIZED (
  SELECT end_device(device_id) AS families FROM found WHERE NOT signed
)
SELECT f.signed, e.family_id
FROM found f LEFT JOIN (
  SELECT unnest(families) AS family_id FROM ended) AS e ON true;

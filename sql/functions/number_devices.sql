-- The devices that links of a log bring have their numbers: p_entries are the entries of
-- these links (NULL or empty: it brings none), p_numbers those of the links. An entry is that
-- of the device that was brought by it where a branch stood that does not count any more
-- (`lost_entry`), or else of the one that asks with it: whoever reads the log may ask with
-- another device's entry. Each entry is one device's.
CREATE OR REPLACE FUNCTION number_devices(
  p_fingerprint bytea, p_entries bytea[], p_numbers bigint[])
RETURNS void LANGUAGE sql SET search_path = hermetic AS $$
  UPDATE device d
  SET pending = false, lost_entry = NULL,
      fingerprint = p_fingerprint, link_number = b.number
  FROM (
    SELECT DISTINCT ON (e.number) c.device_id, e.number
    FROM account_log l
    JOIN device c ON c.user_id = l.user_id AND c.link_number IS NULL
    LEFT JOIN device_request r ON r.device_id = c.device_id
                              AND c.removed_at IS NULL
    JOIN unnest(p_entries, p_numbers) AS e(entry, number)
      ON e.entry IN (r.entry, c.lost_entry)
    WHERE l.fingerprint = p_fingerprint
    ORDER BY e.number, c.lost_entry IS DISTINCT FROM e.entry,
             c.removed_at IS NOT NULL, c.pending, c.created_at DESC,
             c.device_id) AS b
  WHERE d.device_id = b.device_id
$$;

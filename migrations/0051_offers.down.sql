SET LOCAL search_path = hermetic;

DROP FUNCTION publish_key_packages(uuid, text[], bytea[], bytea[], boolean[], bigint[], boolean[], bigint, bytea, bigint);

-- Stores KeyPackages of a device. A newer last-resort one replaces the older, and one
-- that names a device of an account those that do not. p_quota is how many of an
-- algorithm a device may have beside the last-resort one: with more, nothing is stored,
-- and it returns true. Of two at once one waits, so that it counts what the other has
-- stored. A device that is out has none any more.
CREATE FUNCTION publish_key_packages(
  p_device uuid, p_algorithms text[], p_refs bytea[], p_key_packages bytea[],
  p_last_resorts boolean[], p_expires bigint[], p_of_account boolean[],
  p_quota bigint)
RETURNS boolean LANGUAGE plpgsql SET search_path = hermetic AS $$
BEGIN
  PERFORM FROM device WHERE device_id = p_device AND removed_at IS NULL
    FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  IF EXISTS (
    SELECT FROM (SELECT i.algorithm, count(*) AS n, bool_or(i.of_account) AS renews
                 FROM unnest(p_algorithms, p_refs, p_last_resorts, p_of_account)
                   AS i(algorithm, ref, last_resort, of_account)
                 WHERE NOT i.last_resort AND NOT EXISTS (
                   SELECT FROM key_package k WHERE k.ref = i.ref)
                 GROUP BY i.algorithm) AS new
    WHERE new.n + (SELECT count(*) FROM key_package k
                   WHERE k.device_id = p_device AND k.algorithm = new.algorithm
                     AND NOT k.last_resort AND k.expires_at > now()
                     AND (k.of_account OR NOT new.renews))
          > p_quota) THEN
    RETURN true;
  END IF;
  DELETE FROM key_package k
    USING unnest(p_algorithms, p_refs, p_last_resorts, p_of_account)
      AS i(algorithm, ref, last_resort, of_account)
    WHERE k.device_id = p_device AND k.algorithm = i.algorithm AND k.ref <> i.ref
      AND (k.last_resort AND i.last_resort OR i.of_account AND NOT k.of_account);
  INSERT INTO key_package (device_id, algorithm, ref, key_package, last_resort,
                           expires_at, of_account)
    SELECT p_device, i.algorithm, i.ref, i.key_package, i.last_resort,
           to_timestamp(i.expires), i.of_account
    FROM unnest(p_algorithms, p_refs, p_key_packages, p_last_resorts, p_expires,
                p_of_account)
      AS i(algorithm, ref, key_package, last_resort, expires, of_account)
    ON CONFLICT (ref) DO NOTHING;
  RETURN false;
END $$;

REVOKE ALL ON FUNCTION publish_key_packages FROM PUBLIC;
GRANT EXECUTE ON FUNCTION publish_key_packages TO hermetic_api;

ALTER TABLE key_package DROP COLUMN offer, DROP COLUMN offered_at;

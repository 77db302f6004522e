-- A device that offers other algorithms than before calls its KeyPackages of before back.
-- Until now they stayed, and who invited the device took two lists for a downgrade.
SET LOCAL search_path = hermetic;

-- offer: the SHA-256 of the suites that the leaf lists; offered_at: from when on a leaf that
-- was published with it says so. NULL: a node of before has stored it.
ALTER TABLE key_package ADD COLUMN offer bytea CHECK (length(offer) = 32),
  ADD COLUMN offered_at timestamptz,
  ADD CONSTRAINT key_package_offer_has_time CHECK ((offer IS NULL) = (offered_at IS NULL));

DROP FUNCTION publish_key_packages(uuid, text[], bytea[], bytea[], boolean[], bigint[], boolean[], bigint);

-- Stores KeyPackages of a device. A newer last-resort one replaces the older, and one
-- that names a device of an account those that do not. p_quota is how many of an
-- algorithm a device may have beside the last-resort one: with more, nothing is stored,
-- and it returns true. Of two at once one waits, so that it counts what the other has
-- stored. A device that is out has none any more.
--
-- p_offer is the hash of the suites that all of these list, p_offered when the newest of
-- their leaves says that it begins (seconds since 1970): those that lie there with another
-- list are called back, of every algorithm, so that nobody gets two lists of one device.
-- Not so by an older leaf than theirs, which whoever has claimed it can publish again:
-- nothing is stored, and it returns NULL. Of those without a list (a node of before has
-- stored them) they call back the algorithms of which they bring a last-resort one: a
-- device that publishes a few more is not left without. p_offer NULL: a node of before,
-- which does not say.
CREATE FUNCTION publish_key_packages(
  p_device uuid, p_algorithms text[], p_refs bytea[], p_key_packages bytea[],
  p_last_resorts boolean[], p_expires bigint[], p_of_account boolean[],
  p_quota bigint, p_offer bytea DEFAULT NULL, p_offered bigint DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  v_called bytea[];
BEGIN
  PERFORM FROM device WHERE device_id = p_device AND removed_at IS NULL
    FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  IF EXISTS (SELECT FROM key_package
             WHERE device_id = p_device AND offer <> p_offer
               AND offered_at > to_timestamp(p_offered)) THEN
    RETURN NULL;
  END IF;
  v_called := ARRAY(
    SELECT k.ref FROM key_package k
    WHERE k.device_id = p_device AND p_offer IS NOT NULL
      AND (k.offer <> p_offer OR k.offer IS NULL AND EXISTS (
        SELECT FROM unnest(p_algorithms, p_last_resorts) AS i(algorithm, last_resort)
        WHERE i.algorithm = k.algorithm AND i.last_resort)));
  IF EXISTS (
    SELECT FROM (SELECT i.algorithm, count(*) AS n, bool_or(i.of_account) AS renews
                 FROM unnest(p_algorithms, p_refs, p_last_resorts, p_of_account)
                   AS i(algorithm, ref, last_resort, of_account)
                 WHERE NOT i.last_resort AND NOT EXISTS (
                   SELECT FROM key_package k
                   WHERE k.ref = i.ref AND k.ref <> ALL (v_called))
                 GROUP BY i.algorithm) AS new
    WHERE new.n + (SELECT count(*) FROM key_package k
                   WHERE k.device_id = p_device AND k.algorithm = new.algorithm
                     AND NOT k.last_resort AND k.expires_at > now()
                     AND (k.of_account OR NOT new.renews)
                     AND k.ref <> ALL (v_called))
          > p_quota) THEN
    RETURN true;
  END IF;
  DELETE FROM key_package WHERE ref = ANY (v_called);
  DELETE FROM key_package k
    USING unnest(p_algorithms, p_refs, p_last_resorts, p_of_account)
      AS i(algorithm, ref, last_resort, of_account)
    WHERE k.device_id = p_device AND k.algorithm = i.algorithm AND k.ref <> i.ref
      AND (k.last_resort AND i.last_resort OR i.of_account AND NOT k.of_account);
  INSERT INTO key_package (device_id, algorithm, ref, key_package, last_resort,
                           expires_at, of_account, offer, offered_at)
    SELECT p_device, i.algorithm, i.ref, i.key_package, i.last_resort,
           to_timestamp(i.expires), i.of_account, p_offer, to_timestamp(p_offered)
    FROM unnest(p_algorithms, p_refs, p_key_packages, p_last_resorts, p_expires,
                p_of_account)
      AS i(algorithm, ref, key_package, last_resort, expires, of_account)
    ON CONFLICT (ref) DO NOTHING;
  RETURN false;
END $$;

REVOKE ALL ON FUNCTION publish_key_packages FROM PUBLIC;
GRANT EXECUTE ON FUNCTION publish_key_packages TO hermetic_api;

-- Quotas that are counted in tables are exact: a statement that counts rows waits for
-- the statements that write them.
-- Before, two statements at once each counted without the other.

SET LOCAL search_path = hermetic;

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

-- A new device of an account, which may have p_quota beside those that wait: with so
-- many, no row comes. Of two at once one waits, so that it counts the other. Where the
-- account has a log, the device waits to be approved (`pending`). Those that have waited
-- for long end (`ended`: how many): older than a day, or more than eight.
CREATE FUNCTION insert_device(
  p_device uuid, p_user uuid, p_name text, p_quota bigint)
RETURNS TABLE (device_id uuid, pending boolean, ended bigint)
LANGUAGE plpgsql SET search_path = hermetic AS $$
#variable_conflict use_column
BEGIN
  PERFORM FROM account WHERE user_id = p_user AND erased_at IS NULL
    FOR NO KEY UPDATE;
  IF NOT FOUND OR (SELECT count(*) FROM device d
                   WHERE d.user_id = p_user AND d.removed_at IS NULL
                     AND NOT d.pending) >= p_quota THEN
    RETURN;
  END IF;
  SELECT count(end_device(p.device_id)) INTO ended FROM (
    SELECT d.device_id, d.created_at,
           row_number() OVER (ORDER BY d.created_at DESC) AS place
    FROM device d
    WHERE d.user_id = p_user AND d.pending AND d.removed_at IS NULL) AS p
    WHERE p.place >= 8 OR p.created_at < now() - interval '1 day';
  INSERT INTO device AS d (device_id, user_id, name, pending)
    VALUES (p_device, p_user, p_name,
            EXISTS (SELECT FROM account_log l
                    WHERE l.user_id = p_user AND l.replaced_at IS NULL))
    RETURNING d.device_id, d.pending INTO device_id, pending;
  PERFORM audit_append('account', 'device', p_user, device_id::text);
  RETURN NEXT;
END $$;

-- Charges invitations of accounts by another one: p_day in a day, and p_pending
-- that one account has not followed. Returns 0, seconds to wait, or -1 where so many
-- wait already. Who is oneself is not counted. Of two at once one waits, so that it
-- counts the other's.
CREATE OR REPLACE FUNCTION charge_invitations(p_by uuid, p_users uuid[], p_day bigint,
                                   p_pending bigint)
RETURNS integer LANGUAGE plpgsql SET search_path = hermetic AS $$
BEGIN
  p_users := array_remove(p_users, p_by);
  PERFORM FROM account WHERE user_id = p_by FOR NO KEY UPDATE;
  IF p_pending > 0 AND EXISTS (
    SELECT FROM unnest(p_users) AS u(user_id)
    WHERE (SELECT count(*) FROM invitation i
           WHERE i.user_id = u.user_id AND i.invited_by = p_by
             AND NOT EXISTS (
               SELECT FROM device d JOIN active_member m USING (device_id)
               WHERE d.user_id = i.user_id AND m.session_id = i.session_id))
          >= p_pending) THEN
    RETURN -1;
  END IF;
  RETURN charge_quota('invitations by ' || p_by, cardinality(p_users), p_day,
                interval '1 day');
END $$;

REVOKE ALL ON FUNCTION publish_key_packages, insert_device FROM PUBLIC;
GRANT EXECUTE ON FUNCTION publish_key_packages, insert_device TO hermetic_api;

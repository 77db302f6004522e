-- Devices are approved by a device of their account, and ended by one, with links of
-- the account's log (docs/adr/0034).

SET LOCAL search_path = hermetic;

-- A device that waits may do nothing but wait. `fingerprint` and `link_number` say
-- which device of which account's log it is; NULL: of none (yet), as all were before
-- accounts had logs.
ALTER TABLE device
  ADD COLUMN pending boolean NOT NULL DEFAULT false,
  ADD COLUMN fingerprint bytea,
  ADD COLUMN link_number bigint,
  ADD CONSTRAINT device_in_log
    CHECK ((fingerprint IS NULL) = (link_number IS NULL));
CREATE UNIQUE INDEX device_of_log ON device (fingerprint, link_number);

-- Who began a log is known where the account has one device.
UPDATE device d SET fingerprint = l.fingerprint, link_number = 1
  FROM account_log l
  WHERE l.user_id = d.user_id AND d.removed_at IS NULL
    AND (SELECT count(*) FROM device o
         WHERE o.user_id = d.user_id AND o.removed_at IS NULL) = 1;

-- What a new device asks of the others, and their answer. Neither tells anything to a
-- reader without the code. `entry` is the device's part of the request.
CREATE TABLE device_request (
  device_id  uuid PRIMARY KEY REFERENCES device,
  entry      bytea NOT NULL,
  request    bytea NOT NULL,
  answer     bytea,
  created_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE device_request ALTER COLUMN answer SET STORAGE EXTERNAL;

-- Who begins anew has another log under the same name. The one of before stays under
-- its fingerprint.
ALTER TABLE account_log ADD COLUMN replaced_at timestamptz;
ALTER TABLE account_log DROP CONSTRAINT account_log_user_id_key;
CREATE UNIQUE INDEX account_log_of_user ON account_log (user_id)
  WHERE replaced_at IS NULL;
CREATE INDEX account_log_of_any ON account_log (user_id);

-- As in 0017, but for logs that were replaced.
CREATE OR REPLACE FUNCTION append_account_link(
  p_user uuid, p_fingerprint bytea, p_number bigint, p_before bytea,
  p_hash bytea, p_link bytea, p_salt bytea,
  OUT outcome text, OUT last bigint)
LANGUAGE plpgsql SET search_path = hermetic AS $$
BEGIN
  IF p_salt IS NOT NULL THEN
    INSERT INTO account_log (fingerprint, user_id, salt)
      VALUES (p_fingerprint, p_user, p_salt)
      ON CONFLICT DO NOTHING;
    IF NOT EXISTS (SELECT FROM account_log l
                   WHERE l.fingerprint = p_fingerprint
                     AND l.user_id = p_user) THEN
      outcome := 'taken';
      last := (SELECT max(k.number) FROM account_log l
               JOIN account_link k USING (fingerprint)
               WHERE l.user_id = p_user AND l.replaced_at IS NULL);
      RETURN;
    END IF;
  ELSIF NOT EXISTS (SELECT FROM account_link k
                    WHERE k.fingerprint = p_fingerprint
                      AND k.number = p_number - 1 AND k.hash = p_before) THEN
    outcome := 'gap';
    last := (SELECT max(k.number) FROM account_link k
             WHERE k.fingerprint = p_fingerprint);
    RETURN;
  END IF;
  INSERT INTO account_link (fingerprint, number, hash, link)
    VALUES (p_fingerprint, p_number, p_hash, p_link)
    ON CONFLICT DO NOTHING;
  IF FOUND THEN
    outcome := 'ok';
    last := p_number;
    RETURN;
  END IF;
  outcome := CASE WHEN EXISTS (SELECT FROM account_link k
                               WHERE k.fingerprint = p_fingerprint
                                 AND k.number = p_number AND k.link = p_link)
             THEN 'duplicate' ELSE 'taken' END;
  last := (SELECT max(k.number) FROM account_link k
           WHERE k.fingerprint = p_fingerprint);
END $$;

-- A device is out: its tokens and KeyPackages go with it, and it is served nothing
-- more of any session. Gives the families of tokens that ended.
CREATE FUNCTION end_device(p_device uuid)
RETURNS uuid[] LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  families uuid[];
BEGIN
  UPDATE device SET removed_at = now()
    WHERE device_id = p_device AND removed_at IS NULL;
  IF NOT FOUND THEN
    RETURN '{}';
  END IF;
  WITH ended AS (
    UPDATE token_family SET revoked_at = now()
    WHERE device_id = p_device AND revoked_at IS NULL
    RETURNING family_id)
  SELECT coalesce(array_agg(family_id), '{}') INTO families FROM ended;
  DELETE FROM key_package WHERE device_id = p_device;
  DELETE FROM welcome WHERE device_id = p_device;
  DELETE FROM device_request WHERE device_id = p_device;
  PERFORM depart(NULL, p_device);
  RETURN families;
END $$;

-- append_account_link(), and what the link does to devices: the first one makes the
-- caller's device the first; one that adds (p_entry) approves the device that asked
-- with that entry; one that removes (p_removed) ends devices, whose tokens are in
-- `ended`. `anew`: the name is to be this log's from now on.
CREATE FUNCTION take_account_link(
  p_user uuid, p_device uuid, p_fingerprint bytea, p_number bigint,
  p_before bytea, p_hash bytea, p_link bytea, p_salt bytea, p_anew boolean,
  p_entry bytea, p_removed bigint[],
  OUT outcome text, OUT last bigint, OUT ended uuid[])
LANGUAGE plpgsql SET search_path = hermetic AS $$
BEGIN
  ended := '{}';
  IF p_salt IS NOT NULL AND p_anew THEN
    UPDATE account_log SET replaced_at = now()
      WHERE user_id = p_user AND replaced_at IS NULL
        AND NOT EXISTS (SELECT FROM account_log
                        WHERE fingerprint = p_fingerprint);
  END IF;
  SELECT a.outcome, a.last INTO outcome, last
    FROM append_account_link(p_user, p_fingerprint, p_number, p_before, p_hash,
                             p_link, p_salt) a;
  IF outcome <> 'ok' THEN
    RETURN;
  END IF;
  IF p_salt IS NOT NULL THEN
    UPDATE device SET pending = false, fingerprint = p_fingerprint,
                      link_number = 1
      WHERE device_id = p_device AND user_id = p_user AND link_number IS NULL;
  ELSIF p_entry IS NOT NULL THEN
    UPDATE device d SET pending = false, fingerprint = p_fingerprint,
                        link_number = p_number
      FROM device_request r
      WHERE r.device_id = d.device_id AND d.user_id = p_user
        AND r.entry = p_entry AND d.removed_at IS NULL
        AND d.link_number IS NULL;
  END IF;
  SELECT coalesce(array_agg(f), '{}') INTO ended
    FROM device d, unnest(end_device(d.device_id)) AS f
    WHERE d.fingerprint = p_fingerprint AND d.link_number = ANY (p_removed)
      AND d.removed_at IS NULL;
END $$;

GRANT UPDATE (pending, fingerprint, link_number) ON device TO hermetic_api;
GRANT UPDATE (replaced_at) ON account_log TO hermetic_api;
GRANT SELECT, INSERT, DELETE ON device_request TO hermetic_api;
GRANT UPDATE (entry, request, answer, created_at) ON device_request
  TO hermetic_api;
REVOKE ALL ON FUNCTION end_device, take_account_link FROM PUBLIC;
GRANT EXECUTE ON FUNCTION end_device, take_account_link TO hermetic_api;

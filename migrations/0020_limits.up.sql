-- Limits that hold at all nodes and at all doors (docs/adr/0038-limits.md). The table
-- `attempt` stays for nodes of before, which count there until they are replaced.

SET LOCAL search_path = hermetic;

-- What somebody has used of a limit, as a debt of time: it is paid at free_at. Nobody
-- misses it after a crash.
CREATE UNLOGGED TABLE allowance (
  name    bigint PRIMARY KEY, -- a keyed hash of the limit and whose it is
  free_at timestamptz NOT NULL
);
CREATE INDEX allowance_free_at ON allowance (free_at);

-- The key of these hashes, for names that lead to no person; the others' is
-- derived from the key-encryption key.
CREATE TABLE limit_key (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  key    bytea NOT NULL CHECK (length(key) = 16)
);
INSERT INTO limit_key (key) VALUES (uuid_send(gen_random_uuid()));

-- Charges p_n of a quota of p_quota in p_window to `p_what`. Returns 0, or how many
-- seconds it takes until that will do; nothing is charged then. A quota of 0 is
-- none.
CREATE FUNCTION charge_quota(p_what text, p_n bigint, p_quota bigint, p_window interval)
RETURNS integer LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  v_name bigint;
  v_free timestamptz;
  v_cost interval := p_window * least(p_n::double precision
                                      / greatest(p_quota, 1), 1);
BEGIN
  IF p_n = 0 OR p_quota = 0 THEN
    RETURN 0;
  END IF;
  SELECT ('x' || left(encode(sha256(key || convert_to(p_what, 'UTF8')), 'hex'), 16))
           ::bit(64)::bigint
    INTO v_name FROM limit_key;
  INSERT INTO allowance AS a VALUES (v_name, now())
    ON CONFLICT (name) DO UPDATE SET free_at = greatest(a.free_at, now())
    RETURNING a.free_at INTO v_free;
  IF v_free + v_cost > now() + p_window THEN
    RETURN ceil(extract(epoch FROM v_free + v_cost - now() - p_window));
  END IF;
  UPDATE allowance SET free_at = v_free + v_cost WHERE name = v_name;
  RETURN 0;
END $$;

-- Charges invitations of accounts by another one: p_day in a day, and p_pending
-- that one account has not followed. Returns 0, seconds to wait, or -1 where so many
-- wait already. Who is oneself is not counted.
CREATE FUNCTION charge_invitations(p_by uuid, p_users uuid[], p_day bigint,
                                   p_pending bigint)
RETURNS integer LANGUAGE plpgsql SET search_path = hermetic AS $$
BEGIN
  p_users := array_remove(p_users, p_by);
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
CREATE INDEX invitation_by ON invitation (user_id, invited_by);

GRANT SELECT, INSERT, DELETE ON allowance TO hermetic_api, hermetic_mqtt_bridge;
GRANT UPDATE (free_at) ON allowance TO hermetic_api, hermetic_mqtt_bridge;
GRANT SELECT (key) ON limit_key TO hermetic_api, hermetic_mqtt_bridge;
REVOKE ALL ON FUNCTION charge_quota, charge_invitations FROM PUBLIC;
GRANT EXECUTE ON FUNCTION charge_quota, charge_invitations TO hermetic_api;

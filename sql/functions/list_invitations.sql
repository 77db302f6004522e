-- Where a user is wanted, at most 500: invitations, letters without one, and Welcomes that wait for
-- p_device. Each source gives its newest thousand; what comes from whom the user has blocked is
-- not among them, nor a letter of who is no member. `added`: a Welcome waits.
--
-- Steps of their own: what belongs to sessions is asked for where they are, and people on the
-- coordinator (docs/adr/0091).
CREATE OR REPLACE FUNCTION list_invitations(p_user uuid, p_device uuid)
RETURNS TABLE (session_id uuid, algorithm text, username text, erased boolean,
               fingerprint bytea, added boolean, invited_ms bigint)
LANGUAGE plpgsql STABLE SET search_path = hermetic AS $$
#variable_conflict use_column
DECLARE
  v_sessions uuid[];
  v_inviters uuid[];
  v_times timestamptz[];
  v_weights integer[];
  v_welcomes uuid[];
  v_senders uuid[];
  v_came timestamptz[];
  v_devices uuid[];
  v_in uuid[];
  v_members uuid[];
  v_open uuid[];
  v_algorithms text[];
BEGIN
  SELECT array_agg(o.session_id), array_agg(o.inviter), array_agg(o.at),
         array_agg(o.weight)
    INTO v_sessions, v_inviters, v_times, v_weights
    FROM ((SELECT i.session_id, i.invited_by AS inviter, i.created_at AS at, 1 AS weight
           FROM invitation i WHERE i.user_id = p_user
           ORDER BY i.created_at DESC LIMIT 1000)
          UNION ALL
          (SELECT k.session_id, k.invited_by, k.given_at, 0
           FROM invitation_letter k WHERE k.user_id = p_user
           ORDER BY k.given_at DESC LIMIT 1000)) o;
  SELECT array_agg(w.session_id), array_agg(m.sender), array_agg(w.created_at)
    INTO v_welcomes, v_senders, v_came
    FROM (SELECT o.session_id, o.seq, o.created_at FROM welcome o
          WHERE o.device_id = p_device ORDER BY o.created_at DESC LIMIT 1000) w
    JOIN message m ON m.session_id = w.session_id AND m.seq = w.seq;
  SELECT v_sessions || array_agg(u.session_id), v_inviters || array_agg(d.user_id),
         v_times || array_agg(u.at), v_weights || array_agg(2)
    INTO v_sessions, v_inviters, v_times, v_weights
    FROM unnest(v_welcomes, v_senders, v_came) AS u(session_id, sender, at)
    JOIN device d ON d.device_id = u.sender;
  v_devices := ARRAY(SELECT d.device_id FROM device d
                     WHERE d.user_id = ANY (v_inviters || p_user));
  SELECT array_agg(m.session_id), array_agg(m.device_id) INTO v_in, v_members
    FROM active_member m
    WHERE m.session_id = ANY (v_sessions) AND m.device_id = ANY (v_devices);
  SELECT array_agg(s.session_id), array_agg(s.algorithm) INTO v_open, v_algorithms
    FROM session s WHERE s.session_id = ANY (v_sessions) AND s.ended_at IS NULL;
  RETURN QUERY
    WITH members AS MATERIALIZED (
      SELECT DISTINCT u.session_id, d.user_id, d.removed_at IS NULL AS lives
      FROM unnest(v_in, v_members) AS u(session_id, device_id)
      JOIN device d USING (device_id)
    ), judged AS (
      SELECT w.*, w.weight = 2 OR EXISTS (
               SELECT FROM members m WHERE m.session_id = w.session_id
                                       AND m.user_id = w.inviter) AS stands
      FROM unnest(v_sessions, v_inviters, v_times, v_weights)
           AS w(session_id, inviter, at, weight)
    ), shown AS (
      SELECT DISTINCT ON (w.session_id) w.* FROM judged w
      WHERE (w.stands OR w.weight = 1) AND w.inviter <> p_user
        AND NOT EXISTS (SELECT FROM account_block b
                        WHERE b.by_user = p_user AND b.blocked = w.inviter)
      ORDER BY w.session_id, w.stands DESC, w.weight DESC, w.at DESC
    )
    SELECT w.session_id, s.algorithm, a.username, a.erased_at IS NOT NULL,
           l.fingerprint, w.weight = 2, (extract(epoch FROM w.at) * 1000)::bigint
    FROM shown w
    JOIN unnest(v_open, v_algorithms) AS s(session_id, algorithm) USING (session_id)
    CROSS JOIN LATERAL (SELECT o.username, o.erased_at FROM account o
                        WHERE o.user_id = w.inviter LIMIT 1) a
    LEFT JOIN LATERAL (SELECT o.fingerprint FROM account_log o
                       WHERE o.user_id = w.inviter AND o.replaced_at IS NULL
                       LIMIT 1) l ON true
    WHERE w.weight = 2
       OR NOT EXISTS (SELECT FROM members m
                      WHERE m.session_id = w.session_id AND m.user_id = p_user
                        AND m.lives)
    ORDER BY 7 DESC, w.session_id
    LIMIT 500;
END $$;

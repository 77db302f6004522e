-- Sessions after p_after in the order of their ids, at most p_count; p_one: this one alone,
-- or NULL. `bytes` are those of the log. Nothing of what was said can be read by it.
CREATE OR REPLACE FUNCTION admin_sessions(p_after uuid, p_count integer, p_one uuid)
RETURNS TABLE (session_id uuid, algorithm text, epoch bigint, created_ms bigint,
               ended_ms bigint, people bigint, devices bigint, entries bigint,
               bytes bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = hermetic AS $$
  SELECT s.session_id, s.algorithm, s.epoch,
         (extract(epoch FROM s.created_at) * 1000)::bigint,
         (extract(epoch FROM s.ended_at) * 1000)::bigint,
         m.people, m.devices, l.entries, l.bytes
  FROM session s
  CROSS JOIN LATERAL (
    SELECT count(DISTINCT d.user_id) AS people, count(*) AS devices
    FROM active_member a JOIN device d USING (device_id)
    WHERE a.session_id = s.session_id) m
  CROSS JOIN LATERAL (
    SELECT count(*) AS entries, coalesce(sum(octet_length(e.envelope)), 0) AS bytes
    FROM message e WHERE e.session_id = s.session_id) l
  WHERE s.session_id > p_after AND (p_one IS NULL OR s.session_id = p_one)
  ORDER BY s.session_id LIMIT p_count
$$;

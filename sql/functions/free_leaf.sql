-- The leftmost free leaf (RFC 9420, 7.7).
CREATE OR REPLACE FUNCTION free_leaf(p_session uuid) RETURNS integer
LANGUAGE sql STABLE SET search_path = hermetic AS $$
  SELECT CASE
    WHEN NOT EXISTS (SELECT FROM session_member
                     WHERE session_id = p_session AND leaf_index = 0) THEN 0
    ELSE (SELECT min(m.leaf_index) + 1 FROM session_member m
          WHERE m.session_id = p_session
            AND NOT EXISTS (SELECT FROM session_member n
                            WHERE n.session_id = p_session
                              AND n.leaf_index = m.leaf_index + 1))
  END
$$;

-- The p_count leftmost free leaves (RFC 9420, 7.7) in their order: one walk over the
-- members, however many are added.
CREATE OR REPLACE FUNCTION free_leaves(p_session uuid, p_count integer)
RETURNS TABLE (n bigint, leaf integer)
LANGUAGE plpgsql STABLE SET search_path = hermetic AS $$
DECLARE
  taken integer;
BEGIN
  n := 0;
  leaf := 0;
  FOR taken IN SELECT leaf_index FROM session_member
               WHERE session_id = p_session ORDER BY leaf_index
  LOOP
    WHILE leaf < taken AND n < p_count LOOP
      n := n + 1;
      RETURN NEXT;
      leaf := leaf + 1;
    END LOOP;
    leaf := taken + 1;
    EXIT WHEN n = p_count;
  END LOOP;
  WHILE n < p_count LOOP
    n := n + 1;
    RETURN NEXT;
    leaf := leaf + 1;
  END LOOP;
END $$;

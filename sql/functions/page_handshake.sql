-- The log as a reader who follows a group without its keys needs it, after p_after: of
-- applications' messages the hash alone, of all else the bytes (of messages of the first
-- chain, too, whose heads are over their bytes); at most p_limit entries, and p_bytes (the
-- first entry whatever it has). The first row tells whether the user may see it (`member`:
-- as for the GroupInfo) and where the log begins; the others are NULL when not or when
-- there is nothing. Who may see it is asked first: where sessions are spread that is not known on the
-- session's machine (docs/adr/0091).
CREATE OR REPLACE FUNCTION page_handshake(
  p_session uuid, p_user uuid, p_after bigint, p_limit integer, p_bytes bigint)
RETURNS TABLE (member boolean, first_seq bigint, "position" bigint, seq bigint,
               kind smallint, epoch bigint, sender uuid, envelope bytea, head bytea,
               hash bytea, sent_ms bigint, last_seq bigint)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  v_member boolean := hermetic.may_join(p_session, p_user);
BEGIN
  RETURN QUERY
    SELECT v_member,
           coalesce((SELECT seq FROM hermetic.history_floor WHERE session_id = p_session), 1)
             AS first_seq,
           one.position, m.seq, m.kind, m.epoch, m.sender, m.envelope, m.head,
           m.hash, m.sent_ms,
           (SELECT last_seq FROM hermetic.session WHERE session_id = p_session) AS last_seq
    FROM (
      SELECT ((CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
               ELSE pg_current_wal_flush_lsn() END) - '0/0'::pg_lsn)::bigint
             AS position
    ) AS one LEFT JOIN LATERAL (
      SELECT seq, kind, epoch, sender, head,
             coalesce(hash, sha256(envelope)) AS hash,
             CASE WHEN kind = 1 AND hash IS NOT NULL THEN ''::bytea
                  ELSE envelope END AS envelope,
             (extract(epoch FROM sent_at) * 1000)::bigint AS sent_ms
      FROM (
        SELECT l.*, row_number() OVER (ORDER BY seq) AS place,
               sum(CASE WHEN kind = 1 AND hash IS NOT NULL THEN 0
                        ELSE length(envelope) END)
                 OVER (ORDER BY seq) AS bytes
        FROM (
          SELECT * FROM hermetic.message
          WHERE session_id = p_session AND seq > p_after
            AND v_member
          ORDER BY seq
          LIMIT p_limit
        ) l
      ) w
      WHERE bytes <= p_bytes OR place = 1
    ) m ON true
    ORDER BY m.seq;
END $$;

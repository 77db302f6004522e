-- What one PostgreSQL plans as a whole and Citus does not, as functions of single steps
-- (docs/adr/0091).
SET LOCAL search_path = hermetic;

-- What a commit or a departure is checked against: what its sender has seen of the log is
-- p_seq and p_head (NULL: it says nothing), and p_known is the head where the node knows
-- the group itself (NULL: nowhere). `epoch`, `seq` and `at` are those of the GroupInfo of
-- now. `since`: the commits that lead to it from where the node knows the group (`known`),
-- or else from `group_info`, the whole one that is kept (group_info_now()). `since_count`
-- and `since_bytes` are of all since the latter. `departed`: the departures that stand in
-- the log, opaque departure<V> each (between 64 and 16,383 bytes long), and how many. No
-- row: no such session.
--
-- Where sessions are spread, a function in the middle of a statement would go with it to
-- the session's machine, where no accounts are (docs/adr/0091).
CREATE OR REPLACE FUNCTION commit_context(
  p_session uuid, p_user uuid, p_device uuid, p_seq bigint, p_head bytea,
  p_known bytea)
RETURNS TABLE (epoch bigint, seq bigint, at bytea, known boolean, group_info bytea,
               whole_bytes bigint, since_count bigint, since_bytes bigint,
               since bytea, seen boolean, may_join boolean, member boolean,
               departed bytea, departures bigint)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  seen := p_seq IS NULL OR hermetic.has_view(p_session, p_seq, p_head);
  may_join := hermetic.may_join(p_session, p_user);
  member := EXISTS (SELECT FROM hermetic.active_member m
                    WHERE m.session_id = p_session AND m.device_id = p_device);
  SELECT string_agg(substring(int4send(16384 + length(l.envelope)) FROM 3)
                    || l.envelope, ''::bytea ORDER BY l.seq), count(*)
    INTO departed, departures
    FROM hermetic.session_member m
    JOIN hermetic.message l ON l.session_id = m.session_id AND l.seq = m.departed_seq
    WHERE m.session_id = p_session AND m.departed_at IS NOT NULL;
  FOR epoch, seq, at, known, group_info, whole_bytes, since_count, since_bytes, since IN
    SELECT g.epoch, g.seq, g.head, g.known, CASE WHEN NOT g.known THEN g.whole END,
           octet_length(g.whole)::bigint, g.since_count, g.since_bytes, g.commits
    FROM hermetic.group_info_now(p_session, p_known) g
  LOOP
    RETURN NEXT;
  END LOOP;
END $$;

-- The GroupInfo that a session began with in that generation, or of a session from before
-- the first one that is known. No row: no such session; NULLs: no such generation. Who asks
-- is judged first, since accounts may be on another machine (docs/adr/0091).
CREATE OR REPLACE FUNCTION first_group_info_of(
  p_session uuid, p_user uuid, p_generation bigint)
RETURNS TABLE (epoch bigint, seq bigint, head bytea, group_info bytea, may_join boolean)
LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_may boolean := hermetic.may_join(p_session, p_user);
BEGIN
  RETURN QUERY
    SELECT f.epoch, f.seq, f.head, f.group_info, v_may
    FROM hermetic.session s
    LEFT JOIN hermetic.first_group_info f
      ON f.session_id = s.session_id AND f.generation = p_generation
    WHERE s.session_id = p_session;
END $$;

-- Invites the users of these names (p_names) into a session, of which p_device of p_user has to
-- be a member. What that costs is charged by p_day and p_ahead (charge_invitations()),
-- for whom was not invited before. With each goes p_letter where it is not NULL: in the
-- place of one that is there of this account's log, and at most p_letters of a session stay
-- for a user, the newest. `wait`: as charge_invitations().
CREATE OR REPLACE FUNCTION invite(
  p_session uuid, p_user uuid, p_device uuid, p_names text[], p_day bigint,
  p_ahead bigint, p_letter bytea, p_letters bigint, OUT outcome text, OUT wait integer)
LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  v_names text[] := ARRAY(SELECT visible_name(u, p_user) FROM unnest(p_names) u);
  v_users uuid[] := ARRAY(SELECT a.user_id FROM account a
                          WHERE a.username = ANY (v_names));
  v_before uuid[] := ARRAY(SELECT i.user_id FROM invitation i
                           WHERE i.session_id = p_session
                             AND i.user_id = ANY (v_users));
  v_user uuid;
  v_log bytea;
  v_old bytea[];
BEGIN
  wait := 0;
  outcome := CASE
    WHEN NOT EXISTS (SELECT FROM session s WHERE s.session_id = p_session)
      THEN 'no-session'
    WHEN NOT EXISTS (SELECT FROM active_member m
                     WHERE m.session_id = p_session AND m.device_id = p_device)
      THEN 'not-a-member'
    WHEN cardinality(v_users) <> (SELECT count(DISTINCT u) FROM unnest(p_names) u)
      THEN 'no-such-user'
    ELSE 'ok'
  END;
  IF outcome <> 'ok' THEN
    RETURN;
  END IF;
  wait := charge_invitations(p_user, ARRAY(SELECT u.id FROM unnest(v_users) AS u(id)
                                           WHERE u.id <> ALL (v_before)),
                             p_day, p_ahead);
  IF wait <> 0 THEN
    outcome := CASE WHEN wait > 0 THEN 'too-many-requests' ELSE 'quota-exceeded' END;
    RETURN;
  END IF;
  INSERT INTO invitation AS i (session_id, user_id, invited_by, letter)
    SELECT p_session, u.id, p_user, p_letter FROM unnest(v_users) AS u(id)
    ON CONFLICT (session_id, user_id) DO UPDATE SET letter = excluded.letter
      WHERE excluded.letter IS NOT NULL;
  IF p_letter IS NULL THEN
    RETURN;
  END IF;
  FOR v_log IN SELECT l.fingerprint FROM account_log l
               WHERE l.user_id = p_user AND l.replaced_at IS NULL LOOP
    FOREACH v_user IN ARRAY v_users LOOP
      INSERT INTO invitation_letter (session_id, user_id, fingerprint, invited_by,
                                     letter, given_at)
        VALUES (p_session, v_user, v_log, p_user, p_letter, now())
        ON CONFLICT (user_id, session_id, fingerprint)
          DO UPDATE SET letter = excluded.letter, given_at = excluded.given_at;
      v_old := ARRAY(SELECT k.fingerprint FROM invitation_letter k
                     WHERE k.session_id = p_session AND k.user_id = v_user
                       AND k.fingerprint <> v_log
                     ORDER BY k.given_at DESC, k.fingerprint
                     OFFSET greatest(p_letters - 1, 0));
      DELETE FROM invitation_letter k
        WHERE k.session_id = p_session AND k.user_id = v_user
          AND k.fingerprint = ANY (v_old);
    END LOOP;
  END LOOP;
END $$;

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

-- The sessions of a user with ids after p_after, as a device of that user sees them, at
-- most p_limit. Each of the user's devices and the invitations are asked by themselves,
-- in the order of an index, so others' sessions cost nothing. Where sessions are spread
-- that is a question to all machines, for so many rows at most of each.
--
-- A session into which somebody whom the user has blocked invites, or has added a device
-- that has not come yet, is not among them. An account that was erased has no name.
CREATE OR REPLACE FUNCTION list_sessions(
  p_user uuid, p_device uuid, p_after uuid, p_limit integer)
RETURNS TABLE (session_id uuid, algorithm text, epoch bigint, join_policy text,
               creator text, created_ms bigint, last_seq bigint, head bytea,
               member boolean)
LANGUAGE plpgsql STABLE SET search_path = hermetic AS $$
#variable_conflict use_column
DECLARE
  v_blocked uuid[] := ARRAY(SELECT b.blocked FROM account_block b
                            WHERE b.by_user = p_user);
  v_devices uuid[] := ARRAY(SELECT d.device_id FROM device d
                            WHERE d.user_id = p_user AND d.removed_at IS NULL);
  v_device uuid;
  v_sessions uuid[];
  v_senders uuid[];
  v_hidden uuid[] := '{}';
  v_own uuid[] := '{}';
  v_found uuid[];
BEGIN
  IF cardinality(v_blocked) > 0 THEN
    FOREACH v_device IN ARRAY v_devices LOOP
      SELECT array_agg(w.session_id), array_agg(m.sender) INTO v_sessions, v_senders
        FROM (SELECT o.session_id, o.seq FROM welcome o WHERE o.device_id = v_device
              ORDER BY o.created_at LIMIT 1000) w
        JOIN message m ON m.session_id = w.session_id AND m.seq = w.seq;
      v_hidden := v_hidden || ARRAY(
        SELECT u.session_id FROM unnest(v_sessions, v_senders) AS u (session_id, sender)
        JOIN device d ON d.device_id = u.sender
        WHERE d.user_id = ANY (v_blocked));
    END LOOP;
  END IF;
  v_found := ARRAY(
    SELECT i.session_id FROM invitation i
    WHERE i.user_id = p_user AND i.session_id > p_after
      AND i.invited_by <> ALL (v_blocked)
    ORDER BY i.session_id LIMIT p_limit);
  FOREACH v_device IN ARRAY v_devices LOOP
    v_sessions := ARRAY(
      SELECT m.session_id FROM session_member m
      WHERE m.device_id = v_device AND m.session_id > p_after
        AND m.departed_at IS NULL AND m.session_id <> ALL (v_hidden)
      ORDER BY m.session_id LIMIT p_limit);
    v_found := v_found || v_sessions;
    IF v_device = p_device THEN
      v_own := v_sessions;
    END IF;
  END LOOP;
  v_found := ARRAY(SELECT DISTINCT f.id FROM unnest(v_found) AS f(id)
                   ORDER BY f.id LIMIT p_limit);
  RETURN QUERY
    WITH found AS MATERIALIZED (
      SELECT * FROM session s WHERE s.session_id = ANY (v_found))
    SELECT f.session_id, f.algorithm, f.epoch, f.join_policy,
           (SELECT a.username FROM account a
            WHERE a.user_id = f.creator AND a.erased_at IS NULL),
           (extract(epoch FROM f.created_at) * 1000)::bigint, f.last_seq, f.head,
           f.session_id = ANY (v_own)
    FROM found f ORDER BY f.session_id;
END $$;

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

-- A commit, where the session has room for whom it adds: p_members_max is how many members a
-- session may have. Behind it only whom p_invited names is invited, where that is not
-- NULL: fingerprints in hexadecimal; `uninvited` says of how many that was taken back. All
-- else is as for append_commit().
CREATE OR REPLACE FUNCTION take_commit(
  p_session uuid, p_user uuid, p_device uuid, p_epoch bigint,
  p_sender_leaf integer, p_removed integer[], p_added uuid[], p_added_names text[],
  p_nonce bytea, p_commit bytea, p_group_info bytea, p_welcome bytea, p_path boolean,
  p_departures bigint, p_part bytea, p_members_max bigint, p_invited text[],
  OUT outcome text, OUT seq bigint, OUT head bytea, OUT epoch bigint,
  OUT uninvited bigint)
LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  v_come bigint := cardinality(p_added) + (p_sender_leaf IS NULL)::integer;
BEGIN
  IF v_come > 0
     AND (SELECT count(*) FROM session_member m WHERE m.session_id = p_session)
         + v_come - cardinality(p_removed) > p_members_max
     AND NOT EXISTS (SELECT FROM message m
                     WHERE m.session_id = p_session AND m.nonce = p_nonce) THEN
    outcome := 'quota-exceeded';
    epoch := p_epoch;
    RETURN;
  END IF;
  SELECT c.outcome, c.seq, c.head, c.epoch INTO outcome, seq, head, epoch
    FROM append_commit(p_session, p_user, p_device, p_epoch, p_sender_leaf, p_removed,
                       p_added, p_added_names, p_nonce, p_commit, p_group_info,
                       p_welcome, p_path, p_departures, p_part) c;
  IF outcome = 'ok' AND p_invited IS NOT NULL THEN
    uninvited := uninvite(p_session, p_invited);
  END IF;
END $$;

-- A commit: one an epoch, first come first served. p_sender_leaf is NULL for an
-- external commit. p_nonce is the start of its SHA-256, by which begin_entry() knows the
-- same bytes again. p_departures is how many members had departed when the commit was
-- checked; NULL: a node from before does not say.
--
-- Either p_group_info is the whole GroupInfo that the commit leads to, or p_part is the
-- part of it that nobody but its signer can make (docs/adr/0044): then the whole one that
-- is kept stays, and the commits since are what leads on from it.
--
-- A member whom it removes ends by the new epoch: no writer believes an end of the
-- log that is of another epoch (docs/adr/0018), so the keys need not be due.
CREATE OR REPLACE FUNCTION append_commit(
  p_session uuid, p_user uuid, p_device uuid, p_epoch bigint,
  p_sender_leaf integer, p_removed integer[], p_added uuid[],
  p_added_names text[], p_nonce bytea,
  p_commit bytea, p_group_info bytea, p_welcome bytea, p_path boolean,
  p_departures bigint DEFAULT NULL, p_part bytea DEFAULT NULL,
  OUT outcome text, OUT seq bigint, OUT head bytea, OUT epoch bigint)
LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  came uuid[];
  v_devices uuid[];
  v_users uuid[];
  v_now timestamptz := now();
BEGIN
  SELECT b.outcome, b.seq, b.head, b.epoch INTO outcome, seq, head, epoch
    FROM begin_entry(p_session, p_device,
                     CASE WHEN p_sender_leaf IS NULL THEN p_user END, p_epoch,
                     p_nonce, p_commit, ARRAY[p_device]) b;
  IF outcome IS NOT NULL THEN
    IF outcome = 'duplicate' THEN
      epoch := epoch + 1;
    END IF;
    RETURN;
  END IF;
  -- what it was checked against has changed
  IF p_departures <> (SELECT count(*) FROM departed_member d
                      WHERE d.session_id = p_session) THEN
    outcome := 'epoch-changed';
    RETURN;
  END IF;
  outcome := 'commit-invalid';
  IF p_sender_leaf IS NOT NULL
     AND NOT EXISTS (SELECT FROM session_member m
                     WHERE m.session_id = p_session
                       AND m.device_id = p_device
                       AND m.leaf_index = p_sender_leaf) THEN
    RETURN;
  END IF;
  -- an external commit may remove nobody but an earlier self (12.4.3.2)
  IF (SELECT count(*) FROM session_member m
      WHERE m.session_id = p_session AND m.leaf_index = ANY (p_removed)
        AND (p_sender_leaf IS NOT NULL OR m.device_id = p_device))
     <> cardinality(p_removed) THEN
    RETURN;
  END IF;
  IF NOT devices_have_names(p_added, p_added_names) THEN
    RETURN;
  END IF;

  IF p_sender_leaf IS NOT NULL THEN
    v_devices := ARRAY(SELECT m.device_id FROM session_member m
                       WHERE m.session_id = p_session
                         AND m.leaf_index = ANY (p_removed)
                         AND m.departed_at IS NULL);
    v_users := ARRAY(SELECT d.user_id FROM device d WHERE d.device_id = ANY (v_devices));
    DELETE FROM invitation i
      WHERE i.session_id = p_session AND i.user_id <> p_user
        AND i.user_id = ANY (v_users);
  END IF;
  INSERT INTO member_end AS e (session_id, device_id, seq)
    SELECT p_session, m.device_id, append_commit.seq + 1 FROM session_member m
    WHERE m.session_id = p_session AND m.leaf_index = ANY (p_removed)
      AND m.departed_at IS NULL
    ON CONFLICT (session_id, device_id) DO UPDATE SET seq = excluded.seq;
  DELETE FROM session_member m
    WHERE m.session_id = p_session AND m.leaf_index = ANY (p_removed);
  IF EXISTS (SELECT FROM session_member m
             WHERE m.session_id = p_session
               AND (m.device_id = ANY (p_added)
                    OR p_sender_leaf IS NULL AND m.device_id = p_device)) THEN
    RAISE EXCEPTION 'a device is in the session already'
      USING ERRCODE = 'unique_violation';
  END IF;
  came := p_added;
  IF p_sender_leaf IS NULL THEN
    came := came || p_device;
  END IF;
  INSERT INTO session_member (session_id, device_id, leaf_index)
    SELECT p_session, i.device, l.leaf
    FROM unnest(came) WITH ORDINALITY AS i(device, n)
    JOIN free_leaves(p_session, cardinality(came)) AS l USING (n);

  SELECT e.seq, e.head INTO seq, head
    FROM put_entry(p_session, 2::smallint, p_epoch, p_device, p_nonce, p_commit,
                   seq, head) e;
  UPDATE session SET epoch = p_epoch + 1, last_seq = append_commit.seq,
                     head = append_commit.head,
                     epoch_at = CASE WHEN p_path THEN v_now ELSE epoch_at END,
                     epoch_seq = CASE WHEN p_path THEN append_commit.seq
                                      ELSE epoch_seq END
    WHERE session_id = p_session;
  IF p_part IS NULL THEN
    PERFORM put_group_info(p_session, p_epoch + 1, seq, head, p_group_info);
  ELSE
    UPDATE group_info g SET part = p_part, since = since || append_commit.seq,
                            since_bytes = since_bytes + length(p_commit),
                            last_head = append_commit.head
      WHERE g.session_id = p_session;
  END IF;
  IF p_path AND NOT EXISTS (SELECT FROM departed_member m
                            WHERE m.session_id = p_session) THEN
    DELETE FROM rotation r
      WHERE r.session_id = p_session AND r.reason <> 'algorithm';
  END IF;
  IF p_welcome IS NOT NULL THEN
    INSERT INTO welcome (session_id, device_id, seq, head, welcome)
      SELECT p_session, d, append_commit.seq, append_commit.head, p_welcome
      FROM unnest(p_added) d;
  END IF;
  epoch := p_epoch + 1;
  outcome := 'ok';
END $$;

-- A device is out of one session (p_session), or of all of them (NULL): from now
-- on it is served nothing, and the keys are due. With p_seq, the departure's place
-- in the log, messages are refused until a commit has removed it.
--
-- It waits for a commit that is under way, as that does for it: the commit has not
-- seen who departs, and would take the rotation away.
--
-- Who changes how a member ends keeps the rule of docs/adr/0018: a row of `rotation` is
-- written in the same transaction and stays until a commit opens another epoch.
-- The writer does not ask the database again whether a member of the epoch is still one.
CREATE OR REPLACE FUNCTION depart(p_session uuid, p_device uuid,
                       p_seq bigint DEFAULT NULL)
RETURNS integer LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  gone session_member%ROWTYPE;
  count integer := 0;
  v_session uuid;
  v_now timestamptz := now();
BEGIN
  FOR v_session IN SELECT m.session_id FROM session_member m
                   WHERE m.device_id = p_device
                     AND (p_session IS NULL OR m.session_id = p_session)
                   ORDER BY m.session_id LOOP
    PERFORM FROM session s WHERE s.session_id = v_session FOR KEY SHARE;
  END LOOP;
  FOR gone IN
    UPDATE session_member
    SET departed_at = coalesce(departed_at, v_now), departed_seq = p_seq
    WHERE device_id = p_device AND departed_seq IS NULL
      AND (departed_at IS NULL OR p_seq IS NOT NULL)
      AND (p_session IS NULL OR session_id = p_session)
    RETURNING *
  LOOP
    IF p_seq IS NOT NULL THEN
      PERFORM make_due(gone.session_id, 'departure', interval '0');
      INSERT INTO member_end AS e (session_id, device_id, seq)
        VALUES (gone.session_id, p_device, p_seq)
        ON CONFLICT (session_id, device_id) DO UPDATE SET seq = excluded.seq;
    ELSE
      INSERT INTO rotation (session_id, reason, hard_at)
        VALUES (gone.session_id, 'revoked', 'infinity')
        ON CONFLICT DO NOTHING;
    END IF;
    count := count + 1;
  END LOOP;
  RETURN count;
END $$;

-- For nodes from before, who know no departure in the log. It goes with a later
-- migration, as does the table `departure`.
CREATE OR REPLACE FUNCTION depart(p_session uuid, p_device uuid, p_reason text,
                                  p_proof bytea)
RETURNS integer LANGUAGE sql SET search_path = hermetic AS $$
  SELECT depart(p_session, p_device, NULL::bigint)
$$;

-- Erases an account: what leads to the person goes, and what the sessions of others are
-- proved by stays, under an id and a name that are nobody's (docs/operations.md,
-- "Erasure"): its devices' ids, the fingerprint and the links of its logs, whose salts
-- go. In the record stays the hash, whose key goes. Returns whether there is such an
-- account.
--
-- Its devices end as any do, so the keys of their sessions are due (docs/adr/0018). The
-- row goes last: a login that is under way has no account then.
--
-- What its messages' requests were called goes first, while nothing is locked that others
-- need, and then once more for the messages that came meanwhile.
CREATE OR REPLACE FUNCTION erase_account(p_username text, p_token uuid DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
DECLARE
  v_user uuid;
  v_nobody uuid := gen_random_uuid();
  v_devices uuid[];
  v_sessions uuid[];
  v_ends bigint[];
BEGIN
  SELECT user_id INTO v_user FROM account
    WHERE username = p_username AND erased_at IS NULL;
  IF v_user IS NULL THEN
    RETURN false;
  END IF;
  SELECT array_agg(device_id) INTO v_devices FROM device WHERE user_id = v_user;
  SELECT array_agg(s.session_id), array_agg(s.last_seq) INTO v_sessions, v_ends
    FROM session s WHERE s.session_id IN (
      SELECT session_id FROM session_member WHERE device_id = ANY (v_devices));
  UPDATE message e SET origin = ''
    FROM unnest(v_sessions) AS m (session_id)
    WHERE e.session_id = m.session_id AND e.sender = ANY (v_devices)
      AND e.origin <> '';
  PERFORM FROM account WHERE user_id = v_user AND erased_at IS NULL FOR UPDATE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  INSERT INTO account (user_id, username, salt, password_hash, cost_n, cost_r, cost_p,
                       suspended_at, erased_at)
    VALUES (v_nobody, 'erased.' || left(replace(gen_random_uuid()::text, '-', ''), 24),
            '', '', 2, 1, 1, now(), now());
  SELECT array_agg(device_id) INTO v_devices FROM device WHERE user_id = v_user;
  PERFORM end_device(device_id) FROM device
    WHERE user_id = v_user AND removed_at IS NULL;
  DELETE FROM refresh_token r USING token_family f
    WHERE r.family_id = f.family_id AND f.device_id = ANY (v_devices);
  DELETE FROM presence WHERE device_id = ANY (v_devices);
  DELETE FROM invitation WHERE user_id = v_user;
  UPDATE invitation SET invited_by = v_nobody WHERE invited_by = v_user;
  DELETE FROM invitation_letter WHERE invited_by = v_user;
  UPDATE session SET creator = v_nobody WHERE creator = v_user;
  UPDATE message e SET origin = ''
    FROM session_member m
    LEFT JOIN unnest(v_sessions, v_ends) AS u (session_id, seq) USING (session_id)
    WHERE m.device_id = ANY (v_devices)
      AND e.session_id = m.session_id AND e.sender = m.device_id
      AND e.seq > coalesce(u.seq, 0) AND e.origin <> '';
  UPDATE device SET user_id = v_nobody, name = 'erased', created_at = now()
    WHERE user_id = v_user;
  UPDATE account_log SET user_id = v_nobody, salt = decode(repeat('00', 32), 'hex'),
                         replaced_at = coalesce(replaced_at, now())
    WHERE user_id = v_user;
  DELETE FROM allowance WHERE name IN (
    limit_name('sessions by ' || v_user), limit_name('invitations by ' || v_user),
    limit_name('claims of ' || v_user));
  PERFORM audit_append(admin_actor(p_token, 'erase'), 'erased', v_user, '');
  DELETE FROM account WHERE user_id = v_user;
  RETURN true;
END $$;

-- Who may join from outside: anyone if the session is open, the invited, and another
-- device of a user who is in it and has not departed. That a device of the user was
-- revoked is no departure: its leaf is there until a commit has removed it, and by its
-- account's log it may be the leaf of a thief (docs/adr/0047).
CREATE OR REPLACE FUNCTION may_join(p_session uuid, p_user uuid)
RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = hermetic AS $$
DECLARE
  v_devices uuid[] := ARRAY(SELECT d.device_id FROM device d WHERE d.user_id = p_user);
BEGIN
  RETURN EXISTS (SELECT FROM session s
                 WHERE s.session_id = p_session AND s.join_policy = 'open')
      OR EXISTS (SELECT FROM invitation i
                 WHERE i.session_id = p_session AND i.user_id = p_user)
      OR EXISTS (SELECT FROM session_member m
                 WHERE m.session_id = p_session AND m.departed_seq IS NULL
                   AND m.device_id = ANY (v_devices));
END $$;

-- A session moves to another algorithm (RFC 9420, 11.2): the ReInit that ends its group
-- and the Welcome to the next one, as two entries of the log, one after the other. The
-- members stay; p_devices, p_names and p_leaves are those of the new group's tree.
CREATE OR REPLACE FUNCTION move_session(
  p_session uuid, p_device uuid, p_epoch bigint, p_sender_leaf integer,
  p_algorithm text, p_new_epoch bigint, p_devices uuid[], p_names text[],
  p_leaves integer[], p_nonces bytea[], p_commit bytea, p_welcome bytea,
  p_group_info bytea,
  OUT outcome text, OUT seq bigint, OUT head bytea, OUT epoch bigint)
LANGUAGE plpgsql SET search_path = hermetic AS $$
BEGIN
  -- the Welcome stands where the ReInit does
  SELECT b.outcome, b.seq, b.head, b.epoch INTO outcome, seq, head, epoch
    FROM begin_entry(p_session, p_device, NULL, p_epoch, p_nonces[2], p_welcome,
                     ARRAY[p_device]) b;
  IF outcome IS NOT NULL THEN
    RETURN;
  END IF;
  outcome := 'commit-invalid';
  -- the same devices as before, each under its own name, none departed
  IF NOT EXISTS (SELECT FROM session_member m
                 WHERE m.session_id = p_session AND m.device_id = p_device
                   AND m.leaf_index = p_sender_leaf)
     OR (SELECT count(*) FROM session_member m
         WHERE m.session_id = p_session) <> cardinality(p_devices)
     OR (SELECT count(DISTINCT i.device)
         FROM unnest(p_devices) AS i(device)
         JOIN active_member m
           ON m.session_id = p_session AND m.device_id = i.device)
        <> cardinality(p_devices) THEN
    RETURN;
  END IF;
  IF NOT devices_have_names(p_devices, p_names) THEN
    RETURN;
  END IF;

  UPDATE session_member m SET leaf_index = i.leaf
    FROM unnest(p_devices, p_leaves) AS i(device, leaf)
    WHERE m.session_id = p_session AND m.device_id = i.device;
  SELECT e.seq, e.head INTO seq, head
    FROM put_entry(p_session, 2::smallint, p_epoch, p_device, p_nonces[1], p_commit,
                   seq, head) e;
  SELECT e.seq, e.head INTO seq, head
    FROM put_entry(p_session, 3::smallint, p_new_epoch, p_device, p_nonces[2],
                   p_welcome, seq, head) e;
  UPDATE session SET algorithm = p_algorithm, epoch = p_new_epoch,
                     last_seq = move_session.seq, head = move_session.head,
                     epoch_at = now(), epoch_seq = move_session.seq
    WHERE session_id = p_session;
  PERFORM put_group_info(p_session, p_new_epoch, seq, head, p_group_info);
  INSERT INTO first_group_info (session_id, generation, epoch, seq, head,
                                group_info)
    VALUES (p_session, (p_new_epoch >> 32)::integer, p_new_epoch,
            move_session.seq, move_session.head, p_group_info);
  DELETE FROM rotation r WHERE r.session_id = p_session;
  -- those of the old group lead nowhere
  DELETE FROM welcome w WHERE w.session_id = p_session;
  epoch := p_new_epoch;
  outcome := 'ok';
END $$;

-- Behind the commit of a member of a session that says whom it invites
-- (docs/adr/0059): p_invited has their fingerprints in hexadecimal, and nobody else is
-- invited any more. How many were. A function, so that it sees what append_commit() has
-- taken away.
CREATE OR REPLACE FUNCTION uninvite(p_session uuid, p_invited text[])
RETURNS bigint LANGUAGE plpgsql SET search_path = hermetic AS $$
DECLARE
  v_count bigint;
  v_users uuid[] := ARRAY(SELECT i.user_id FROM invitation i
                          WHERE i.session_id = p_session);
BEGIN
  v_users := ARRAY(SELECT u.id FROM unnest(v_users) AS u(id)
                   WHERE NOT EXISTS (SELECT FROM account_log l
                                     WHERE l.user_id = u.id
                                       AND encode(l.fingerprint, 'hex')
                                           = ANY (p_invited)));
  DELETE FROM invitation i
    WHERE i.session_id = p_session AND i.user_id = ANY (v_users);
  GET DIAGNOSTICS v_count = ROW_COUNT;
  RETURN v_count;
END $$;

REVOKE ALL ON FUNCTION commit_context, first_group_info_of, invite, list_invitations, list_sessions, page_handshake, take_commit FROM PUBLIC;
GRANT EXECUTE ON FUNCTION commit_context, first_group_info_of, invite, list_invitations, list_sessions, page_handshake, take_commit TO hermetic_api;

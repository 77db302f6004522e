-- $1 session, $2 user, $3 device, $4 usernames, and how many invitations $2 may give:
-- $5 in a day, $6 that one account has not followed; $7 a letter for them, or NULL, and how
-- many letters go with an invitation: $8. `outcome` as a problem's slug; `wait`: seconds, of
-- too-many-requests. Who has blocked $2 is no user.
--
-- A letter stands under the account of $2, so that nobody can keep out another one's. The
-- oldest ones give way: whoever has made the entry in the group is heard by inviting again.
-- invitation.letter is for nodes of before.
WITH known AS MATERIALIZED (
  SELECT a.user_id, EXISTS (
           SELECT FROM invitation i WHERE i.session_id = $1::uuid
                                      AND i.user_id = a.user_id) AS before
  FROM account a WHERE a.username = ANY (
    array(SELECT visible_name(u, $2::uuid) FROM unnest($4::text[]) u))
), judged AS MATERIALIZED (
  SELECT CASE
    WHEN NOT EXISTS (SELECT FROM session WHERE session_id = $1::uuid)
      THEN 'no-session'
    WHEN NOT EXISTS (SELECT FROM active_member
                     WHERE session_id = $1::uuid AND device_id = $3::uuid)
      THEN 'not-a-member'
    WHEN (SELECT count(*) FROM known)
         <> (SELECT count(DISTINCT u) FROM unnest($4::text[]) u)
      THEN 'no-such-user'
    ELSE 'ok'
  END AS outcome
), charged AS MATERIALIZED (
  SELECT outcome, CASE WHEN outcome = 'ok' THEN charge_invitations($2::uuid,
    array(SELECT user_id FROM known WHERE NOT before), $5::bigint, $6::bigint)
    ELSE 0 END AS wait
  FROM judged
), invited AS (
  INSERT INTO invitation AS i (session_id, user_id, invited_by, letter)
  SELECT $1::uuid, user_id, $2::uuid, $7::bytea FROM known, charged
  WHERE outcome = 'ok' AND wait = 0
  ON CONFLICT (session_id, user_id) DO UPDATE SET letter = excluded.letter
    WHERE excluded.letter IS NOT NULL
  RETURNING i.user_id
), given AS (
  INSERT INTO invitation_letter (session_id, user_id, fingerprint, invited_by, letter)
  SELECT $1::uuid, i.user_id, l.fingerprint, $2::uuid, $7::bytea
  FROM invited i
  JOIN account_log l ON l.user_id = $2::uuid AND l.replaced_at IS NULL
  WHERE $7::bytea IS NOT NULL
  ON CONFLICT (user_id, session_id, fingerprint)
    DO UPDATE SET letter = excluded.letter, given_at = excluded.given_at
  RETURNING user_id, fingerprint
), dropped AS (
  DELETE FROM invitation_letter o
  USING given g, LATERAL (
    SELECT k.fingerprint FROM invitation_letter k
    WHERE k.session_id = $1::uuid AND k.user_id = g.user_id
      AND k.fingerprint <> g.fingerprint
    ORDER BY k.given_at DESC, k.fingerprint OFFSET greatest($8::bigint - 1, 0)) k
  WHERE o.session_id = $1::uuid AND o.user_id = g.user_id
    AND o.fingerprint = k.fingerprint
)
SELECT CASE WHEN wait > 0 THEN 'too-many-requests'
            WHEN wait < 0 THEN 'quota-exceeded' ELSE outcome END AS outcome,
       wait
FROM charged;

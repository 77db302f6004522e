-- How much there is of everything. `entries` are those that were ever stored in the logs
-- of the sessions that are there.
CREATE OR REPLACE FUNCTION admin_statistics()
RETURNS TABLE (accounts bigint, suspended bigint, erased bigint, devices bigint,
               connected bigint, sessions bigint, sessions_ended bigint,
               entries bigint, invitations bigint, key_packages bigint,
               registration_tokens bigint, database_bytes bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = hermetic AS $$
  SELECT a.accounts, a.suspended, a.erased,
         (SELECT count(*) FROM device WHERE removed_at IS NULL),
         (SELECT count(*) FROM presence WHERE seen_at > now() - interval '90 seconds'),
         s.sessions, s.ended, s.entries,
         (SELECT count(*) FROM invitation), (SELECT count(*) FROM key_package),
         (SELECT count(*) FROM registration_token
          WHERE uses_left > 0 AND expires_at > now()),
         pg_database_size(current_database())
  FROM (SELECT count(*) FILTER (WHERE erased_at IS NULL) AS accounts,
               count(*) FILTER (WHERE suspended_at IS NOT NULL AND erased_at IS NULL)
                 AS suspended,
               count(erased_at) AS erased FROM account) AS a,
       (SELECT count(*) FILTER (WHERE ended_at IS NULL) AS sessions,
               count(ended_at) AS ended,
               coalesce(sum(last_seq), 0)::bigint AS entries FROM session) AS s
$$;

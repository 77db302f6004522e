-- The only way to write it: no role but the schema's owner may touch the tables. An
-- account stands in it as audit_subject() has it, whatever else by its id.
CREATE OR REPLACE FUNCTION audit_append(p_actor text, p_event text, p_subject uuid,
                                        p_detail text)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = hermetic AS $$
DECLARE
  r audit%ROWTYPE;
BEGIN
  SELECT n + 1, hash INTO r.n, r.hash FROM audit_end FOR UPDATE;
  INSERT INTO audit_key (user_id, key)
    SELECT user_id, uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
    FROM account WHERE user_id = p_subject
    ON CONFLICT (user_id) DO NOTHING;
  r.subject := coalesce(audit_subject(p_subject), p_subject);
  r.at_us := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
  r.hash := sha256('hermetic audit 1'::bytea || r.hash || int8send(r.n)
                   || int8send(r.at_us) || uuid_send(r.subject)
                   || convert_to(p_actor || E'\n' || p_event || E'\n'
                                 || p_detail, 'UTF8'));
  INSERT INTO audit VALUES (r.n, r.at_us, p_actor, p_event, r.subject, p_detail,
                            r.hash);
  UPDATE audit_end SET n = r.n, hash = r.hash;
  RETURN r.n;
END $$;

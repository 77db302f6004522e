-- What the record calls an account: a hash of its id under a key of its own, which goes
-- when the account is erased. NULL: there is no such account, or nothing of it is on
-- record since it has a key.
CREATE OR REPLACE FUNCTION audit_subject(p_user uuid)
RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = hermetic AS $$
  SELECT left(encode(sha256('hermetic audit subject 1'::bytea || key
                            || uuid_send(user_id)), 'hex'), 32)::uuid
  FROM audit_key WHERE user_id = p_user
$$;

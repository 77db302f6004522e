-- Whether a session is where a batch expects it, so that what follows there goes without
-- being judged: its row (p_epoch, … p_ended_at) is at epoch p_of_epoch with the log's end at
-- p_from_seq and p_from_head, and p_to_seq is not where keys are due: after p_due_messages,
-- and old after p_hard_seconds; zero: never.
--
-- It is one expression, so statements take it in place of the call. The index of sessions
-- that have not ended does not fit num_nulls(), and that is what it is for: all indexes
-- that are left give sessions in the order of their ids, in which locks are taken
-- (docs/adr/0090).
CREATE OR REPLACE FUNCTION is_expected(
  p_epoch bigint, p_seq bigint, p_head bytea, p_epoch_seq bigint,
  p_epoch_at timestamptz, p_ended_at timestamptz, p_of_epoch bigint, p_from_seq bigint,
  p_from_head bytea, p_to_seq bigint, p_due_messages bigint, p_hard_seconds bigint)
RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT p_epoch = p_of_epoch AND p_seq = p_from_seq AND p_head = p_from_head
     AND num_nulls(p_ended_at) = 1
     AND (p_due_messages = 0 OR p_to_seq - p_epoch_seq < p_due_messages)
     AND (p_hard_seconds = 0
          OR p_epoch_at > now() - make_interval(secs => p_hard_seconds))
$$;

SET LOCAL search_path = hermetic;

ALTER TABLE session_member
  DROP CONSTRAINT session_member_leaf_index_session_id_key,
  ADD UNIQUE (session_id, leaf_index) DEFERRABLE INITIALLY DEFERRED;

DROP INDEX message_nonce;
CREATE UNIQUE INDEX message_nonce ON message (session_id, nonce);

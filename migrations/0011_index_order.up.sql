-- A nonce begins with the time, so an index with the nonce in front grows at
-- its end: one page that is in use anyway, in place of one for each session.
-- And no index but the primary key begins with the session any more, so that a
-- plan which is made once cannot look for one message, or one member, among
-- all of a session (docs/adr/0017). Nothing can be sent while they are built,
-- some 2 s a million messages.

SET LOCAL search_path = hermetic;
SET LOCAL maintenance_work_mem = '256MB';

DROP INDEX message_nonce;
CREATE UNIQUE INDEX message_nonce ON message (nonce, session_id);

ALTER TABLE session_member
  DROP CONSTRAINT session_member_session_id_leaf_index_key,
  ADD UNIQUE (leaf_index, session_id) DEFERRABLE INITIALLY DEFERRED;

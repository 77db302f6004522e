-- $1 session, $2 an object that the store has not taken: it goes.
UPDATE file_object SET state = 'going', since = statement_timestamp()
  WHERE session_id = $1::uuid AND object_id = $2::uuid AND state = 'coming'
  RETURNING object_id;

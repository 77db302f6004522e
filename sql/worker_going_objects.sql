-- Objects that are to go, some at a time.
SELECT session_id, object_id FROM going_objects(100);

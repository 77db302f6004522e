-- $1 sessions: how far each log has grown, for whoever may have missed a notice.
SELECT session_id, last_seq FROM session WHERE session_id = ANY ($1::uuid[]);

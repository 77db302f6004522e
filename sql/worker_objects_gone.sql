-- Objects that the store has not got any more: $1 the session of each, $2 their ids.
SELECT objects_gone($1::uuid[], $2::uuid[]) AS count;

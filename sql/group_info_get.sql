-- $1 session, $2 user, $3 the head where the node knows the group itself (NULL:
-- nowhere). No row: no such session. `epoch`, `seq` and `head` are of the GroupInfo of
-- now (seq 0: it is the session's first). Where `part` is NULL, `group_info` is the whole
-- of it. Otherwise it leads, with the commits `since`, to the one that `part` is of; or
-- these lead there from where the node knows the group (`known`).
SELECT g.epoch, g.seq, g.head, g.part IS NOT NULL AND g.known AS known, g.part,
       CASE WHEN g.part IS NULL OR NOT g.known THEN g.whole END AS group_info,
       g.commits AS since, may_join($1::uuid, $2::uuid) AS may_join
FROM group_info_now($1::uuid, $3::bytea) g;

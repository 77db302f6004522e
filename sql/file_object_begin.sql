-- An object that is about to be asked for. $1 session, $2 file, $3 from which byte of it on,
-- $4 how many bytes, $5 how many a whole piece has. No row: the file is gone, or so many of it
-- are under way that this one has to wait. `offset-differs`: after so many cuts only whole
-- pieces are taken, or a file would be an object a byte; it goes on at `stored`.
WITH f AS (
  SELECT session_id, file_id, stored, cuts,
    ($3::bigint + $4::integer) % $5::integer <> 0 AND $3::bigint + $4::integer <> size AS cut
  FROM file
  WHERE session_id = $1::uuid AND file_id = $2::uuid AND NOT gone
    AND (SELECT count(*) FROM file_object o
         WHERE o.session_id = $1::uuid AND o.file_id = $2::uuid
           AND o.state <> 'kept') < 256
), counted AS (
  UPDATE file x SET cuts = x.cuts + 1 FROM f
  WHERE x.session_id = f.session_id AND x.file_id = f.file_id AND f.cut AND f.cuts < 256
), made AS (
  INSERT INTO file_object (session_id, file_id, start, size)
    SELECT session_id, file_id, $3::bigint, $4::integer FROM f
    WHERE NOT cut OR cuts < 256
    RETURNING object_id
)
SELECT CASE WHEN object_id IS NULL THEN 'offset-differs' ELSE 'ok' END AS outcome, stored,
  object_id
FROM f LEFT JOIN made ON true;

-- An object that is about to be asked for. $1 session, $2 file, $3 from which byte of it on,
-- $4 how many bytes. No row: the file is gone, or so many of it are under way that this one
-- has to wait.
INSERT INTO file_object (session_id, file_id, start, size)
  SELECT f.session_id, f.file_id, $3::bigint, $4::integer FROM file f
  WHERE f.session_id = $1::uuid AND f.file_id = $2::uuid AND NOT f.gone
    AND (SELECT count(*) FROM file_object o
         WHERE o.session_id = f.session_id AND o.file_id = f.file_id
           AND o.state <> 'kept') < 256
  RETURNING object_id;

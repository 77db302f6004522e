-- $1 a backend that listens, $2 what it is to hear. As notify: by itself. Whoever tells
-- may be one whose commits wait for the disk: this one does not.
SELECT set_config('synchronous_commit', 'off', true),
       pg_notify('hermetic_probe_' || $1::bigint, $2::text);

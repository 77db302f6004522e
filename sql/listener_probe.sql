-- $1 a backend that listens, $2 what it is to hear. As notify: by itself.
SELECT pg_notify('hermetic_probe_' || $1::bigint, $2::text);

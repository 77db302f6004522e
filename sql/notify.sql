-- $1 payload. In a transaction of its own, never together with a message.
SELECT pg_notify('hermetic', $1::text);

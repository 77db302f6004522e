SELECT action, runs, total, last_count,
       (extract(epoch FROM last_at) * 1000)::bigint AS last_ms
FROM worker_action ORDER BY action;

-- Sessions that are due, by reason; `refused`: whose messages are refused now.
SELECT reason, count(*) AS sessions,
       count(*) FILTER (WHERE hard_at <= now()) AS refused,
       count(*) FILTER (WHERE asked_at IS NOT NULL) AS asked,
       (extract(epoch FROM min(due_at)) * 1000)::bigint AS oldest_ms,
       (extract(epoch FROM min(hard_at) FILTER (WHERE hard_at < 'infinity'))
        * 1000)::bigint AS refused_from_ms
FROM rotation GROUP BY reason ORDER BY reason;

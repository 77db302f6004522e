-- $1 action, $2 how much it did
INSERT INTO worker_action AS w (action, runs, total, last_count)
VALUES ($1::text, 1, $2::bigint, $2::bigint)
ON CONFLICT (action) DO UPDATE
  SET runs = w.runs + 1, total = w.total + excluded.total,
      last_count = excluded.last_count, last_at = now();

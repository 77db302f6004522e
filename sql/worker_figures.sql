-- How much is due and how much is left; $1: fewer KeyPackages are too few.
WITH stock AS (
  SELECT device_id, algorithm,
    count(*) FILTER (WHERE NOT last_resort AND expires_at > now()) AS left_over
  FROM key_package
  GROUP BY device_id, algorithm
)
SELECT
  (SELECT count(*) FROM rotation) AS rotations_due,
  (SELECT coalesce(sum(left_over), 0)::bigint FROM stock) AS key_packages,
  (SELECT count(DISTINCT device_id) FROM stock WHERE left_over < $1::bigint)
    AS devices_low,
  objects_to_go() AS objects_going,
  (SELECT coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false)
   FROM pg_stat_archiver) AS archive_failing;

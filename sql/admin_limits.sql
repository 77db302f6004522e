-- $1 user name: what it has used of the limits that statements count, and how much it has
-- of what there is a quota of. No row: no such account.
SELECT row_to_json(l)::text AS json,
       CASE WHEN l.used IS NOT NULL
         THEN format('%-20s %s %% used, free in %s s', l."limit", round(l.used * 100),
                     l.free_in)
         ELSE format('%-20s %s', l."limit", l.stored) END AS line,
       NULL::text AS at
FROM (SELECT what AS "limit", window_s AS "window",
             round(debt_ms / 1000.0 / window_s, 4) AS used,
             ceil(debt_ms / 1000.0)::bigint AS free_in, stored
      FROM admin_limits($1::text)) AS l;

-- Spreads the sessions over the workers of a Citus cluster (docs/scaling.md). The owner of the
-- database runs it on the coordinator, which knows its workers, while no node runs: after the
-- first migrations, and again after later ones. What is spread already stays as it is.
--
--   psql -X -d 'postgresql://hermetic_owner:…@coordinator/hermetic' -f deploy/distribute.sql
--
-- `shards` is how many there are (HERMETIC_DATABASE_BUCKETS is that or a multiple of it);
-- it counts the first time only.

\set ON_ERROR_STOP on
\if :{?shards}
\else
  \set shards 32
\endif

BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = hermetic, public;
SET LOCAL citus.multi_shard_modify_mode = 'sequential';
SELECT set_config('citus.shard_count', :'shards', true) \g /dev/null

DO $$
DECLARE
  v_table regclass;
  v_key record;
  v_keys text[] := '{}';
  v_function regprocedure;
  v_text text;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_dist_node WHERE groupid = 0) THEN
    RAISE EXCEPTION 'the coordinator is no node of its cluster yet'
      USING HINT = 'A superuser calls citus_set_coordinator_host() first.';
  END IF;

  -- What is stored by account is on the coordinator alone, and no shard can refer to it. Devices
  -- stay, and erase_account() takes away what refers to the account (docs/adr/0091).
  FOR v_key IN
    SELECT k.conrelid::regclass AS of, k.conname AS name
    FROM pg_constraint k
    WHERE k.contype = 'f' AND k.connamespace = 'hermetic'::regnamespace
      AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = k.conrelid
                    AND a.attname = 'session_id' AND NOT a.attisdropped)
      AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = k.confrelid
                        AND a.attname = 'session_id' AND NOT a.attisdropped)
  LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', v_key.of, v_key.name);
  END LOOP;

  -- a table is made a shard's only while none refers to it that is not
  FOR v_key IN
    SELECT k.conrelid::regclass AS of, k.conname AS name, pg_get_constraintdef(k.oid) AS rule
    FROM pg_constraint k
    WHERE k.contype = 'f' AND k.connamespace = 'hermetic'::regnamespace
      AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = k.conrelid
                    AND a.attname = 'session_id' AND NOT a.attisdropped)
      AND EXISTS (
        SELECT FROM pg_class c
        WHERE c.oid IN (k.conrelid, k.confrelid)
          AND NOT EXISTS (SELECT FROM pg_dist_partition p WHERE p.logicalrelid = c.oid))
  LOOP
    v_keys := v_keys || format('ALTER TABLE %s ADD CONSTRAINT %I %s', v_key.of, v_key.name,
                               v_key.rule);
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', v_key.of, v_key.name);
  END LOOP;

  -- all that belongs to a session, where the session is
  FOR v_table IN
    SELECT c.oid FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'session_id'
    WHERE c.relnamespace = 'hermetic'::regnamespace AND c.relkind = 'r'
      AND NOT EXISTS (SELECT FROM pg_dist_partition p
                      WHERE p.logicalrelid = c.oid AND p.partmethod = 'h')
    ORDER BY c.oid <> 'session'::regclass
  LOOP
    PERFORM create_distributed_table(
      v_table, 'session_id', colocate_with =>
        CASE WHEN v_table = 'session'::regclass THEN 'none' ELSE 'hermetic.session' END);
  END LOOP;

  FOR v_key IN SELECT unnest(v_keys) AS rule LOOP
    EXECUTE v_key.rule;
  END LOOP;

  -- a view goes to the workers with its tables, without its grants
  FOR v_key IN
    SELECT format('GRANT %s ON %s TO %I', a.privilege_type, c.oid::regclass, r.rolname) AS rule
    FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
    WHERE c.relnamespace = 'hermetic'::regnamespace AND c.relkind = 'v'
      AND a.grantee <> c.relowner
  LOOP
    EXECUTE v_key.rule;
  END LOOP;

  -- a worker is asked for a view's tables, not for the view: so who may read the view may read
  -- the columns that it is of
  FOR v_key IN
    SELECT format('GRANT SELECT (%s) ON %s TO %I', string_agg(DISTINCT quote_ident(b.attname), ', '),
                  t.oid::regclass, r.rolname) AS rule
    FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
    JOIN pg_rewrite w ON w.ev_class = c.oid
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
      AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
    JOIN pg_dist_partition p ON p.logicalrelid = d.refobjid AND p.partmethod = 'h'
    JOIN pg_class t ON t.oid = d.refobjid
    JOIN pg_attribute b ON b.attrelid = t.oid AND b.attnum = d.refobjsubid
    WHERE c.relnamespace = 'hermetic'::regnamespace AND c.relkind = 'v'
      AND a.privilege_type = 'SELECT' AND a.grantee <> c.relowner
    GROUP BY t.oid, r.rolname
  LOOP
    EXECUTE v_key.rule;
  END LOOP;

  -- Citus plans no function in SQL that asks tables with its parameters, and none whose
  -- statement it does not see
  FOR v_function, v_text IN
    SELECT p.oid, replace(replace(pg_get_functiondef(p.oid), 'LANGUAGE sql', 'LANGUAGE plpgsql'),
      p.prosrc, E'\n#variable_conflict use_column\n' ||
      CASE
        WHEN p.prorettype = 'void'::regtype THEN format(E'BEGIN\n%s;\nEND ', b.text)
        WHEN p.proretset THEN format(E'BEGIN\nRETURN QUERY %s;\nEND ', b.text)
        ELSE format(E'DECLARE v_value %s;\nBEGIN\nFOR v_value IN %s LOOP\n'
                    'RETURN v_value;\nEND LOOP;\nRETURN NULL;\nEND ',
                    p.prorettype::regtype, b.text) END)
    FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
    CROSS JOIN LATERAL (SELECT rtrim(p.prosrc, E'; \n') AS text) b
    WHERE p.pronamespace = 'hermetic'::regnamespace AND l.lanname = 'sql'
      AND p.prosrc ~ '\mFROM\M' AND p.proname <> 'rotate_refresh_token'
  LOOP
    EXECUTE v_text;
  END LOOP;

  FOR v_function IN
    SELECT p.oid FROM pg_proc p
    WHERE p.pronamespace = 'hermetic'::regnamespace
      AND p.proname NOT IN ('append_expected', 'append_judged')
  LOOP
    PERFORM create_distributed_function(v_function);
  END LOOP;
  -- a batch goes to its shard in one round trip
  FOR v_function IN
    SELECT p.oid FROM pg_proc p
    WHERE p.pronamespace = 'hermetic'::regnamespace
      AND p.proname IN ('append_expected', 'append_judged')
  LOOP
    PERFORM create_distributed_function(v_function, 'p_bucket',
                                        colocate_with => 'hermetic.session');
  END LOOP;
END $$;

COMMIT;

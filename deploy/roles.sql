-- The roles and the database of a cluster, made before the first migration by its
-- superuser, or, where that is not to be had, by a role that may make roles and databases
-- (CREATEROLE, CREATEDB); again and again changes nothing but the passwords.
-- What each role may do is granted by the migrations.
--
--   HERMETIC_OWNER_PASSWORD=… HERMETIC_API_PASSWORD=… \
--   HERMETIC_ROTATION_PASSWORD=… HERMETIC_MQTT_PASSWORD=… \
--   HERMETIC_MQTT_BRIDGE_PASSWORD=… [HERMETIC_REPLICATION_PASSWORD=…] psql -f deploy/roles.sql

\set ON_ERROR_STOP on
\getenv owner_password HERMETIC_OWNER_PASSWORD
\getenv api_password HERMETIC_API_PASSWORD
\getenv rotation_password HERMETIC_ROTATION_PASSWORD
\getenv mqtt_password HERMETIC_MQTT_PASSWORD
\getenv mqtt_bridge_password HERMETIC_MQTT_BRIDGE_PASSWORD
\getenv replication_password HERMETIC_REPLICATION_PASSWORD

-- A failed statement would put its text, and so a password, into the log. Who may not say
-- so is let know by roles that cannot be made, before there is a password in a statement.
SELECT 'SET log_min_error_statement = panic'
 WHERE has_parameter_privilege('log_min_error_statement', 'SET') \gexec

SELECT format('CREATE ROLE %I LOGIN', role)
  FROM unnest(ARRAY['hermetic_owner', 'hermetic_api', 'hermetic_rotation',
                    'hermetic_mqtt', 'hermetic_mqtt_bridge'])
       AS role
 WHERE role NOT IN (SELECT rolname FROM pg_catalog.pg_roles) \gexec
ALTER ROLE hermetic_owner PASSWORD :'owner_password';
ALTER ROLE hermetic_api PASSWORD :'api_password';
ALTER ROLE hermetic_rotation PASSWORD :'rotation_password';
ALTER ROLE hermetic_mqtt PASSWORD :'mqtt_password';
ALTER ROLE hermetic_mqtt_bridge PASSWORD :'mqtt_bridge_password';

-- A dump names it where the administration's API was wanted. Nobody logs in as it before
-- deploy/admin-role.sql gives it a password.
SELECT 'CREATE ROLE hermetic_admin NOLOGIN'
 WHERE to_regrole('hermetic_admin') IS NULL \gexec

-- Who gives a database to somebody has to be a member of that; the superuser is.
SELECT 'GRANT hermetic_owner TO CURRENT_USER'
 WHERE NOT pg_has_role('hermetic_owner', 'USAGE') \gexec
SELECT 'CREATE DATABASE hermetic OWNER hermetic_owner'
 WHERE 'hermetic' NOT IN (SELECT datname FROM pg_catalog.pg_database) \gexec
REVOKE CONNECT, TEMPORARY ON DATABASE hermetic FROM PUBLIC;
GRANT CONNECT ON DATABASE hermetic TO hermetic_api, hermetic_rotation,
  hermetic_mqtt, hermetic_mqtt_bridge;

-- A standby's, where there is one.
\if :{?replication_password}
  SELECT 'CREATE ROLE hermetic_replication LOGIN REPLICATION'
   WHERE 'hermetic_replication' NOT IN
         (SELECT rolname FROM pg_catalog.pg_roles) \gexec
  ALTER ROLE hermetic_replication PASSWORD :'replication_password';
\endif

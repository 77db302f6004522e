-- The role of the administration's API may log in from now on. The person who ran
-- deploy/roles.sql runs this file where that API is wanted, in the database `hermetic`; before
-- or after the migrations, again and again.
--
--   HERMETIC_ADMIN_PASSWORD=… psql -d hermetic -f deploy/admin-role.sql

\set ON_ERROR_STOP on
\getenv admin_password HERMETIC_ADMIN_PASSWORD

-- A failed statement would put its text, and so a password, into the log.
SELECT 'SET log_min_error_statement = panic'
 WHERE has_parameter_privilege('log_min_error_statement', 'SET') \gexec

SELECT 'CREATE ROLE hermetic_admin'
 WHERE to_regrole('hermetic_admin') IS NULL \gexec
ALTER ROLE hermetic_admin LOGIN PASSWORD :'admin_password';
GRANT CONNECT ON DATABASE hermetic TO hermetic_admin;
SELECT 'SELECT hermetic.admin_grants()'
 WHERE to_regprocedure('hermetic.admin_grants()') IS NOT NULL \gexec

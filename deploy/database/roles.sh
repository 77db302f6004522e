#!/usr/bin/env bash
# Makes the roles of a new cluster, and of one that was restored, with the passwords of
# deploy/secrets. Later deploy/password.sh changes one.
set -euo pipefail
for role in owner api rotation mqtt mqtt_bridge replication postgres; do
  password=$(<"/run/secrets/${role}_password")
  export "HERMETIC_${role^^}_PASSWORD=$password"
done
psql -X -q -h /run/postgresql -U postgres -d postgres -v ON_ERROR_STOP=1 \
  -f /usr/local/lib/hermetic/roles.sql -f - <<'SQL'
\getenv password HERMETIC_POSTGRES_PASSWORD
ALTER ROLE postgres PASSWORD :'password';
SQL

#!/usr/bin/env bash
# Makes the roles when PostgreSQL's container makes its cluster. After another
# password was put into deploy/secrets:
#   docker compose exec postgres bash /docker-entrypoint-initdb.d/roles.sh
set -euo pipefail
HERMETIC_OWNER_PASSWORD=$(</run/secrets/owner_password)
HERMETIC_API_PASSWORD=$(</run/secrets/api_password)
HERMETIC_ROTATION_PASSWORD=$(</run/secrets/rotation_password)
HERMETIC_MQTT_PASSWORD=$(</run/secrets/mqtt_password)
HERMETIC_MQTT_BRIDGE_PASSWORD=$(</run/secrets/mqtt_bridge_password)
HERMETIC_REPLICATION_PASSWORD=$(</run/secrets/replication_password)
export HERMETIC_OWNER_PASSWORD HERMETIC_API_PASSWORD \
  HERMETIC_ROTATION_PASSWORD HERMETIC_MQTT_PASSWORD \
  HERMETIC_MQTT_BRIDGE_PASSWORD HERMETIC_REPLICATION_PASSWORD
replicates='host replication hermetic_replication all scram-sha-256'
grep -qxF "$replicates" "$PGDATA/pg_hba.conf" ||
  echo "$replicates" >>"$PGDATA/pg_hba.conf"
psql -X -q -U "$POSTGRES_USER" -d postgres -f /usr/local/lib/hermetic/roles.sql
# What was committed is with the standby, too, before anybody is told so: from
# the next start on, and set once only.
psql -X -q -U "$POSTGRES_USER" -d postgres -v ON_ERROR_STOP=1 <<'SQL'
SELECT 'ALTER SYSTEM SET synchronous_standby_names = standby'
 WHERE NOT EXISTS (SELECT FROM pg_replication_slots) \gexec
SELECT FROM pg_create_physical_replication_slot('standby')
 WHERE NOT EXISTS (SELECT FROM pg_replication_slots);
SQL

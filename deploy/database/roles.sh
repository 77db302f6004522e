#!/usr/bin/env bash
# Makes the roles of a new cluster. After another password was put into
# deploy/secrets, on the primary:
#   docker compose exec postgres bash /usr/local/lib/hermetic/roles.sh
set -euo pipefail
for role in owner api rotation mqtt mqtt_bridge replication; do
  password=$(<"/run/secrets/${role}_password")
  export "HERMETIC_${role^^}_PASSWORD=$password"
done
psql -X -q -h /run/postgresql -U postgres -d postgres \
  -f /usr/local/lib/hermetic/roles.sql

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
export HERMETIC_OWNER_PASSWORD HERMETIC_API_PASSWORD \
  HERMETIC_ROTATION_PASSWORD HERMETIC_MQTT_PASSWORD \
  HERMETIC_MQTT_BRIDGE_PASSWORD
psql -X -q -U "$POSTGRES_USER" -d postgres -f /usr/local/lib/hermetic/roles.sql

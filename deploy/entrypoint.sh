#!/usr/bin/env bash
# Starts one process of the image: api, admin, rotation, mqtt, mqtt-bridge or migrate [VERB].
# The API reads its secrets from files by itself; for the migration the password's file,
# where there is one, becomes what libpq wants.
set -euo pipefail

case ${1:-api} in
  api) exec kore -c kore.conf -f -n -r ;;
  admin) exec kore -c kore-admin.conf -f -n -r ;;
  rotation) exec hermetic-rotation ;;
  mqtt)
    rm -f /run/hermetic/mqtt.sock
    cat /usr/local/lib/hermetic/mosquitto{,-websocket}.conf \
      >/run/hermetic/mosquitto.conf
    exec mosquitto -c /run/hermetic/mosquitto.conf
    ;;
  mqtt-bridge) exec hermetic-mqtt-bridge ;;
  migrate)
    if [ -n "${PGPASSWORD_FILE:-}" ]; then
      PGPASSWORD=$(<"$PGPASSWORD_FILE")
      export PGPASSWORD
    fi
    shift
    at=(--directory /srv/hermetic/migrations --wait)
    # A cluster that is being made has no roles and no database yet.
    # With a tenth of a core that takes minutes.
    before=
    until said=$(hermetic-migrate status "${at[@]}" 2>&1 >/dev/null); do
      [ "$said" = "$before" ] || echo "$said" >&2
      before=$said
      [ "$SECONDS" -lt 600 ] || exit 1
      sleep 2
    done
    exec hermetic-migrate "${@:-up}" "${at[@]}"
    ;;
  *) exec "$@" ;;
esac

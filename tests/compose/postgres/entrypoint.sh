#!/usr/bin/env bash
# The first start makes the cluster and runs the scripts of
# /docker-entrypoint-initdb.d, as the official image does.
set -euo pipefail
export POSTGRES_USER=${POSTGRES_USER:-postgres}

first_start() {
  local -a options
  read -r -a options <<<"${POSTGRES_INITDB_ARGS:-}"
  cp "$POSTGRES_PASSWORD_FILE" /tmp/password
  initdb -U "$POSTGRES_USER" --pwfile=/tmp/password --auth-local=trust \
    "${options[@]}" >/dev/null
  rm /tmp/password
  echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  pg_ctl -o '-c listen_addresses=' -w start >/dev/null
  for script in /docker-entrypoint-initdb.d/*.sh; do
    [ -e "$script" ] && . "$script"
  done
  pg_ctl -m fast -w stop >/dev/null
}

if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
  first_start
fi
exec "$@"

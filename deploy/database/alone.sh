#!/usr/bin/env bash
# Runs PostgreSQL by itself, with its cluster in $1, which the first start makes.
set -euo pipefail
PGDATA=$1
export PGDATA
hba=/tmp/pg_hba.conf
printf '%s\n' 'local all all trust' 'host all all all scram-sha-256' >$hba
options=(-c "unix_socket_directories=/run/postgresql" -c "hba_file=$hba")

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  rm -rf "$PGDATA.new"
  initdb -D "$PGDATA.new" -U postgres --pwfile=/run/secrets/postgres_password \
    --encoding=UTF8 --locale=C.UTF-8 --data-checksums >/dev/null
  pg_ctl -D "$PGDATA.new" -o "${options[*]} -c listen_addresses=" -w -s start
  bash /usr/local/lib/hermetic/roles.sh
  pg_ctl -D "$PGDATA.new" -m fast -w -s stop
  mv "$PGDATA.new" "$PGDATA"
fi
options+=(-c "max_connections=$PG_MAX_CONNECTIONS")
while IFS= read -r setting; do
  options+=(-c "$setting")
done < <(bash /usr/local/lib/hermetic/settings.sh)
# Nobody follows any more, should the cluster be one that Patroni had.
exec postgres "${options[@]}" -c listen_addresses='*' \
  -c synchronous_standby_names=

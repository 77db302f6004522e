#!/usr/bin/env bash
# Starts one of the two clusters, $NAME, whose other is $PEER. One that has no
# data yet copies the other, or is made anew where there is no other ($FIRST).
# One that was the primary does not start beside another primary: whoever wrote
# to it would be lost.
set -euo pipefail

replication="user=hermetic_replication dbname=postgres connect_timeout=3
  application_name=$NAME passfile=/tmp/pgpass"
printf '*:*:*:hermetic_replication:%s\n' \
  "$(</run/secrets/replication_password)" >/tmp/pgpass
chmod 0600 /tmp/pgpass

# f: the other is a primary; t: it follows; nothing: it does not answer.
peer_follows() {
  psql -X -A -t -c 'SELECT pg_is_in_recovery()' \
    "host=$PEER $replication" 2>/dev/null
}

copy_peer() {
  echo "copying $PEER"
  pg_basebackup -D "$PGDATA" -X stream -R -c fast -S "$NAME" \
    -d "host=$PEER $replication"
}

refuse() {
  echo "$NAME: $*" >&2
  sleep 5 # not at once again
  exit 1
}

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  case $(peer_follows) in
    f) copy_peer ;;
    t) refuse "$PEER follows somebody: promote it first" ;;
    *) [ "${FIRST:-no}" = yes ] || refuse "$PEER does not answer" ;;
  esac
elif [ ! -e "$PGDATA/standby.signal" ] && [ "$(peer_follows)" = f ]; then
  refuse "$PEER is the primary now: deploy/failover.sh rejoin"
fi
exec docker-entrypoint.sh postgres -c max_slot_wal_keep_size=4GB

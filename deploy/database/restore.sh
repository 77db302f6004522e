#!/usr/bin/env bash
# Puts what the archive has in the place of the cluster in $1: all of it, or until the
# moment $2, on the timeline $3 if that is given. PostgreSQL runs by itself until it has
# ended what it replays, so that the cluster is one that Patroni or `alone` just starts.
# The cluster of before stays, as replaced-TIME beside it. Nothing changes where this fails.
set -euo pipefail
PGDATA=$1.restored
export PGDATA
when=${2:-} timeline=${3:-}
rest=(pgbackrest --config=/tmp/pgbackrest.conf --stanza=hermetic "--pg1-path=$PGDATA")
printf '%s\n' 'local all all trust' >/tmp/pg_hba.conf
[ "${BACKUP:-no}" != no ] || { echo "restore: there are no backups (BACKUP)" >&2; exit 1; }

target=()
if [ -n "$when" ]; then
  target=(--type=time "--target=$when" --target-action=promote)
fi
[ -z "$timeline" ] || target+=("--target-timeline=$timeline")
rm -rf "$PGDATA"
mkdir "$PGDATA"
"${rest[@]}" --log-level-console=info "${target[@]}" restore

options=(-c listen_addresses= -c unix_socket_directories=/run/postgresql
  -c hba_file=/tmp/pg_hba.conf -c synchronous_standby_names= -c hot_standby=off)
# The archive hears of the new timeline before anybody writes on it.
options+=(-c archive_mode=on -c "archive_command='${rest[*]} archive-push %p'")
pg_ctl -D "$PGDATA" -o "${options[*]}" -w -s start
until pg_isready -q -h /run/postgresql; do # it has been promoted
  pg_ctl -D "$PGDATA" status >/dev/null || exit 1
  sleep 1
done
# Before anything else is written: the last commit that was replayed.
as_of=$(PGTZ=UTC psql -X -A -t -h /run/postgresql -U postgres -d postgres \
  -c 'SELECT pg_last_xact_replay_timestamp()')
bash /usr/local/lib/hermetic/roles.sh # the passwords of today
pg_ctl -D "$PGDATA" -m fast -w -s stop
sed -i '/^recovery_target/d; /^restore_command\b/d' "$PGDATA/postgresql.auto.conf"
[ ! -d "$1" ] || mv "$1" "$(dirname "$1")/replaced-$(date -u +%Y%m%dT%H%M%SZ)"
mv "$PGDATA" "$1"
echo "restore: restored as of ${as_of:-the backup, after which the archive has no commit}"

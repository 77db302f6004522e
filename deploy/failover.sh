#!/usr/bin/env bash
# The two databases of docker-compose.yml, when one has gone:
#
#   deploy/failover.sh promote   the one that follows becomes the primary; the
#                                other is stopped, if it still runs
#   deploy/failover.sh rejoin    the stopped one is made anew, and follows
#   deploy/failover.sh status
#
# HERMETIC_COMPOSE is the command, `docker compose` if not set.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
read -r -a compose <<<"${HERMETIC_COMPOSE:-docker compose}"
names=(postgres standby)

die() { echo "failover: $*" >&2; exit 1; }
sql() { # NAME STATEMENT
  "${compose[@]}" exec -T "$1" psql -X -q -A -t -U postgres -v ON_ERROR_STOP=1 \
    -c "$2" 2>/dev/null
}
follows() { sql "$1" 'SELECT pg_is_in_recovery()' || echo gone; }
other_of() { [ "$1" = postgres ] && echo standby || echo postgres; }
the() { # t|f
  local name
  for name in "${names[@]}"; do
    [ "$(follows "$name")" != "$1" ] || { echo "$name"; return; }
  done
}

# Whoever commits waits for these: none is lost with the primary.
wait_for() { # PRIMARY NAMES
  sql "$1" "ALTER SYSTEM SET synchronous_standby_names = '$2'"
  sql "$1" 'SELECT pg_reload_conf()' >/dev/null
}

promote() {
  local standby
  standby=$(the t)
  [ -n "$standby" ] || die "nobody follows."
  "${compose[@]}" stop -t 10 "$(other_of "$standby")" >/dev/null 2>&1
  sql "$standby" 'SELECT pg_promote()' >/dev/null
  wait_for "$standby" ''
  sql "$standby" "SELECT pg_create_physical_replication_slot(
    '$(other_of "$standby")') WHERE NOT EXISTS (SELECT FROM
    pg_replication_slots WHERE slot_name = '$(other_of "$standby")')" \
    >/dev/null
  echo "$standby is the primary; commits wait for nobody until: $0 rejoin"
}

rejoin() {
  local primary gone
  primary=$(the f)
  [ -n "$primary" ] || die "there is no primary: $0 promote"
  gone=$(other_of "$primary")
  [ "$(follows "$gone")" != t ] || die "$gone follows already."
  "${compose[@]}" stop -t 10 "$gone" >/dev/null 2>&1
  "${compose[@]}" run --rm --no-deps -T --entrypoint bash "$gone" -c \
    'find "$PGDATA" -mindepth 1 -delete' >/dev/null 2>&1
  "${compose[@]}" up --detach --no-deps --no-build --wait "$gone" \
    >/dev/null 2>&1 || die "$gone does not come up; see its log."
  wait_for "$primary" "$gone"
  echo "$gone follows $primary, and commits wait for it."
}

status() {
  local name
  for name in "${names[@]}"; do
    case $(follows "$name") in
      f) echo "$name: primary" ;;
      t) echo "$name: follows" ;;
      *) echo "$name: does not answer" ;;
    esac
  done
}

case ${1:-} in
  promote | rejoin | status) "$1" ;;
  *) die "promote, rejoin or status; the beginning of this file says more." ;;
esac

# shellcheck shell=bash
# Of the commands beside it, which take it in by `source`: compose, the database that
# takes writes, and nodes one after the other. HERMETIC_COMPOSE is the command,
# `docker compose` if not set.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
read -r -a compose <<<"${HERMETIC_COMPOSE:-docker compose}"

die() { echo "$(basename "$0" .sh): $*" >&2; exit 1; }
say() { echo "$(basename "$0" .sh): $*"; }
up() { "${compose[@]}" up --detach --no-deps --no-build --wait "$@"; }
runs() { [ -n "$("${compose[@]}" ps -q --status running "$1" 2>/dev/null)" ]; } # SERVICE
in_it() { "${compose[@]}" exec -T "$@"; } # SERVICE COMMAND...
has() { "${compose[@]}" config --services | grep -x "$1" >/dev/null; } # SERVICE, in this profile

# Rows of a query, or whatever statements on standard input do, as the superuser.
query() { # SERVICE [PSQL-OPTIONS...]
  local name=$1
  shift
  in_it "$name" psql -X -q -A -t -v ON_ERROR_STOP=1 -h /run/postgresql -U postgres "$@"
}

databases() {
  local name
  for name in postgres standby; do
    ! has "$name" || ! runs "$name" || echo "$name"
  done
}

# Which of the two takes writes; nothing: neither does.
leader() {
  local name
  for name in $(databases); do
    [ "$(query "$name" -c 'SELECT pg_is_in_recovery()' </dev/null 2>/dev/null)" != f ] || {
      echo "$name"
      return
    }
  done
}

the_leader() {
  local name
  name=$(leader)
  [ -n "$name" ] || die "no database takes writes; see: ${compose[*]} ps --all"
  echo "$name"
}

# PostgreSQL takes the password of deploy/secrets for a role, and lets hermetic_admin log
# in. By standard input: arguments and environments are for all to see.
give_password() { # SERVICE ROLE
  local name=hermetic_$2
  local statements="SET log_min_error_statement = panic;
    ALTER ROLE :\"name\" PASSWORD :'password';"
  case $2 in
    postgres) name=postgres ;;
    admin) statements=$(<deploy/admin-role.sql) ;;
  esac
  query "$1" -d hermetic -f - <<SQL
\\set name '$name'
\\set password '$(<"deploy/secrets/$2_password")'
\\set admin_password :password
$statements
SQL
}

# A new node in place of each that runs, with one node more than usual meanwhile. What
# runs goes on when that fails.
exchange_nodes() {
  local node old
  mapfile -t old < <("${compose[@]}" ps -q api)
  [ "${#old[@]}" -gt 0 ] || die "no node runs; see: ${compose[*]} up"
  for node in "${old[@]}"; do
    up --no-recreate --scale api=$((${#old[@]} + 1)) api ||
      die "a new node does not come up; see its log. The old ones go on."
    docker stop "$node" >/dev/null # it drains; HAProxy asks others meanwhile
    docker rm "$node" >/dev/null
    say "a new node in place of ${node:0:12}"
  done
}

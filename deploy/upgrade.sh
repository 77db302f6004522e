#!/usr/bin/env bash
# From one version to the next while people talk: the schema first, then one
# node after the other, then what has no users of its own. The new image must be
# there already:
#
#   docker compose build && deploy/upgrade.sh
#
# There is one node more than usual meanwhile. When a step fails, all that runs
# goes on, and it can be called again.
#
# HERMETIC_COMPOSE is the command, `docker compose` if not set.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
read -r -a compose <<<"${HERMETIC_COMPOSE:-docker compose}"

die() { echo "upgrade: $*" >&2; exit 1; }
up() { "${compose[@]}" up --detach --no-deps --no-build --wait "$@"; }

mapfile -t old < <("${compose[@]}" ps -q api)
[ "${#old[@]}" -gt 0 ] || die "no node runs; see: ${compose[*]} up"

"${compose[@]}" run --rm --no-deps -T migrate ||
  die "the schema is as it was, and so are the nodes."
for node in "${old[@]}"; do
  up --no-recreate --scale api=$((${#old[@]} + 1)) api ||
    die "a new node does not come up; see its log. The old ones go on."
  docker stop "$node" >/dev/null # it drains; HAProxy asks others meanwhile
  docker rm "$node" >/dev/null
  echo "upgrade: a new node in place of ${node:0:12}"
done
up rotation mqtt-bridge mqtt-bridge-2
echo "upgrade: done. A broker, HAProxy and PostgreSQL are left as they are."

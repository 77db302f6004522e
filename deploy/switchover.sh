#!/usr/bin/env bash
# The two databases of docker-compose.yml. When one goes, Patroni promotes the
# other by itself; this is for what a person wants:
#
#   deploy/switchover.sh             the other one becomes the primary, now
#   deploy/switchover.sh status      who is the primary, who follows, how far
#   deploy/switchover.sh renew NAME  the data of the one that follows is made
#                                    anew from the primary's
#
# HERMETIC_COMPOSE is the command, `docker compose` if not set.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
read -r -a compose <<<"${HERMETIC_COMPOSE:-docker compose}"

die() { echo "switchover: $*" >&2; exit 1; }

# By whichever of the two runs.
patronictl() {
  local name
  for name in postgres standby; do
    [ -n "$("${compose[@]}" ps -q --status running "$name")" ] || continue
    "${compose[@]}" exec -T "$name" patronictl -c /tmp/patroni.yml "$@"
    return
  done
  die "neither database runs; see: ${compose[*]} ps -a"
}

case ${1:-switch} in
  switch) patronictl switchover hermetic --force ;;
  status) patronictl list hermetic ;;
  renew) patronictl reinit hermetic "${2:?which one}" --force ;;
  *) die "nothing, status or renew NAME; the beginning of this file says more." ;;
esac

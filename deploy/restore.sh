#!/usr/bin/env bash
# Puts a backup of deploy/backup.sh in the place of the databases, and starts all again:
#
#   deploy/restore.sh                               all that the archive has
#   deploy/restore.sh '2026-11-23 12:00:00+00'      as of that moment
#   deploy/restore.sh '2026-11-23 12:00:00+00' 1    … on the timeline 1 (deploy/backup.sh
#                                                   list), after a restore to too early
#   deploy/restore.sh clean                         deletes what restores have replaced
#
# All but etcd stands still meanwhile. What stood in the volumes stays beside it until
# `clean`, so they need room for both. When it fails, what was there is there.
source "$(dirname "$(readlink -f "$0")")/common.sh"

offline() { # SERVICE ARGUMENTS...: in the service's place, and on its volume
  "${compose[@]}" run --rm --no-deps -T "$@" </dev/null
}
if [ "${1:-}" = clean ]; then
  for name in $(databases); do
    in_it "$name" bash /usr/local/lib/hermetic/start.sh clean
  done
  exit
fi

nodes=$("${compose[@]}" ps -q api | wc -l)
mapfile -t others < <("${compose[@]}" ps --services --status running |
  grep -vE '^(|etcd.*|prometheus|blackbox|machine|grafana)$')
[ "${#others[@]}" -eq 0 ] || "${compose[@]}" stop "${others[@]}"
offline postgres restore "$@" ||
  die "the databases are as they were, and stand still; to go on with them:" \
    "${compose[*]} up --detach --wait"
if has standby; then
  offline standby aside
  up etcd etcd-2 etcd-3
  in_it etcd bash /usr/local/lib/hermetic/forget.sh </dev/null
fi
scale=()
[ "$nodes" -eq 0 ] || scale=(--scale "api=$nodes")
"${compose[@]}" up --detach --no-build --wait "${scale[@]}"
[[ " ${others[*]} " != *" admin "* ]] || up admin
say "done; $("${compose[@]}" ps -q api | wc -l) nodes serve it."

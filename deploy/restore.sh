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
# `clean`, so they need room for both. It says as of when the databases are then: what
# was acknowledged later is gone. Where the log does not get into the archive it asks first.
#
# When the backup cannot be restored, what was there is there. When it is cut off later,
# or a later step fails, nothing may be started before it was called again.
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

# What a running database has and the archive lacks is lost.
archive_has_all() {
  local name
  name=$(leader)
  [ -n "$name" ] || {
    say "no database takes writes, so nobody knows whether the archive has all of it."
    return 0
  }
  in_it "$name" pgbackrest --config=/tmp/pgbackrest.conf --stanza=hermetic check </dev/null
}
archive_has_all || {
  say "the log of the running database does not get into the archive. What was" \
    "acknowledged since it last did will be gone. To go on, type: yes"
  read -r answer || answer=
  [ "$answer" = yes ] || die "nothing was changed."
}

nodes=$("${compose[@]}" ps -q api | wc -l)
mapfile -t others < <("${compose[@]}" ps --services --status running |
  grep -vE '^(|etcd.*|prometheus|blackbox|machine|grafana)$')
[ "${#others[@]}" -eq 0 ] || "${compose[@]}" stop "${others[@]}"
offline postgres restore "$@" ||
  die "the databases are as they were, and stand still; to go on with them:" \
    "${compose[*]} up --detach --wait"
half="the backup is in place on postgres; start nothing, call this again."
if has standby; then
  offline standby aside || die "$half"
  up etcd etcd-2 etcd-3 || die "$half"
  in_it etcd bash /usr/local/lib/hermetic/forget.sh </dev/null || die "$half"
fi
scale=()
[ "$nodes" -eq 0 ] || scale=(--scale "api=$nodes")
"${compose[@]}" up --detach --no-build --wait "${scale[@]}"
# The password of today for the role that the backup may or may not let log in.
first=$(the_leader)
[ "$(query "$first" -c "SELECT rolcanlogin FROM pg_roles
  WHERE rolname = 'hermetic_admin'" </dev/null)" != t ] || give_password "$first" admin
[[ " ${others[*]} " != *" admin "* ]] || up admin
say "done; $("${compose[@]}" ps -q api | wc -l) nodes serve it."

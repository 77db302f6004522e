#!/usr/bin/env bash
# Backups by pgBackRest, where deploy/backup.yml or deploy/backup-s3.yml keeps them:
#
#   deploy/backup.sh          what changed since the last full one; all of it where there
#                             is none from the last seven days
#   deploy/backup.sh full     all of it; those before the last two are dropped
#   deploy/backup.sh diff     what changed since the last full one, whatever its age
#   deploy/backup.sh list     which there are, and from when on any moment can be had
#   deploy/backup.sh check    whether the log gets into the archive, now
source "$(dirname "$(readlink -f "$0")")/common.sh"

name=$(the_leader)
pgbackrest() { # ARGUMENTS...
  in_it "$name" pgbackrest --config=/tmp/pgbackrest.conf --stanza=hermetic "$@" </dev/null
}
in_it "$name" test -s /tmp/pgbackrest.conf ||
  die "$name keeps no backups: deploy/backup.yml is not among the compose files."

# A backup is called by when it began, in the container's time; the newest comes last.
due() {
  local last since
  last=$(pgbackrest info | sed -n 's/^ *full backup: \([0-9]*-[0-9]*\)F$/\1/p' | tail -n 1)
  since=$(in_it "$name" date --date='7 days ago' +%Y%m%d-%H%M%S </dev/null)
  if [[ $last > $since ]]; then echo diff; else echo full; fi
}

case ${1:-} in
  "" | full | diff)
    pgbackrest stanza-create
    type=${1:-$(due)}
    pgbackrest --log-level-console=info --type="$type" backup
    ;;
  list) pgbackrest info ;;
  check) pgbackrest check ;;
  *) die "nothing, full, diff, list or check; the beginning of this file says more." ;;
esac

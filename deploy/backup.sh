#!/usr/bin/env bash
# Backups by pgBackRest, where deploy/backup.yml or deploy/backup-s3.yml keeps them:
#
#   deploy/backup.sh          what changed since the last full one; the first is full
#   deploy/backup.sh full     all of it; those before the last two are dropped
#   deploy/backup.sh list     which there are, and from when on any moment can be had
#   deploy/backup.sh check    whether the log gets into the archive, now
source "$(dirname "$(readlink -f "$0")")/common.sh"

name=$(the_leader)
pgbackrest() { # ARGUMENTS...
  in_it "$name" pgbackrest --config=/tmp/pgbackrest.conf --stanza=hermetic "$@" </dev/null
}
in_it "$name" test -s /tmp/pgbackrest.conf ||
  die "$name keeps no backups: deploy/backup.yml is not among the compose files."

case ${1:-diff} in
  full | diff)
    pgbackrest stanza-create
    pgbackrest --log-level-console=info --type="${1:-diff}" backup
    ;;
  list) pgbackrest info ;;
  check) pgbackrest check ;;
  *) die "nothing, full, list or check; the beginning of this file says more." ;;
esac

#!/usr/bin/env bash
# PostgreSQL's settings that depend on the container's environment, NAME=VALUE a line:
# the ceilings, and where $BACKUP says `volume` or `s3` the archive of the log.
set -euo pipefail
printf '%s\n' $PG_SETTINGS
[ "${BACKUP:-no}" != no ] || exit 0
cat <<'SETTINGS'
archive_mode=on
archive_timeout=60s
archive_command=pgbackrest --config=/tmp/pgbackrest.conf --stanza=hermetic archive-push %p
SETTINGS

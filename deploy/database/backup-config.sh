#!/usr/bin/env bash
# Writes pgBackRest's configuration for $BACKUP to standard output: `volume` keeps backups
# in /var/lib/hermetic/backup, `s3` in a bucket. Either holds ciphertext alone. $SECRETS is
# where the secrets are.
set -euo pipefail
secrets=${SECRETS:-/run/secrets}

cat <<CONF
[global]
repo1-cipher-type=aes-256-cbc
repo1-cipher-pass=$(<"$secrets/backup_password")
repo1-retention-full=${BACKUP_KEEP:-2}
repo1-bundle=y
start-fast=y
compress-type=zst
process-max=2
# An archive that is away for so long costs a gap in it, and not the primary's disk.
archive-push-queue-max=4GB
lock-path=/tmp/pgbackrest/lock
spool-path=/tmp/pgbackrest/spool
log-level-console=warn
log-level-file=off
CONF
case $BACKUP in
  volume) echo "repo1-path=/var/lib/hermetic/backup" ;;
  s3)
    cat <<CONF
repo1-type=s3
repo1-s3-endpoint=$BACKUP_S3_ENDPOINT
repo1-s3-bucket=$BACKUP_S3_BUCKET
repo1-s3-region=$BACKUP_S3_REGION
repo1-s3-key=$BACKUP_S3_ACCESS_KEY
repo1-s3-key-secret=$(<"$secrets/backup_s3_secret_key")
repo1-s3-uri-style=path
repo1-path=${BACKUP_S3_PATH:-/hermetic}
CONF
    [ -z "${BACKUP_S3_CA:-}" ] || echo "repo1-storage-ca-file=$BACKUP_S3_CA"
    ;;
  *) echo "BACKUP is neither volume nor s3: $BACKUP" >&2; exit 1 ;;
esac
cat <<CONF
[hermetic]
pg1-path=${PGDATA:-/var/lib/hermetic/data/cluster}
pg1-socket-path=${PGHOST:-/run/postgresql}
pg1-user=postgres
CONF

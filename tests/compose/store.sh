# shellcheck shell=bash
# Backups in a store of objects, where docs/operations.md has them. Of run.sh, which takes
# this in by `source`.

# The store is outside of the containers' networks, where the gateway is.
store_up() {
  mkdir -p "$WORK/store"
  docker network create "${PROJECT}_gate" >/dev/null
  export STORE
  STORE=$(docker network inspect -f '{{(index .IPAM.Config 0).Gateway}}' "${PROJECT}_gate")
  "${IN[@]}" node tests/compose/store.mjs "$STORE" 9443 "$WORK/store" >"$WORK/store.log" &
  STORE_PID=$!
  becomes 0 grep -q ready "$WORK/store.log"
  install -m 0444 "$WORK/store/secret_key" deploy/secrets/backup_s3_secret_key
  install -m 0444 "$WORK/store/ca.pem" deploy/secrets/backup/ca.pem
  export HERMETIC_BACKUP_S3_ENDPOINT=store.example:9443 HERMETIC_BACKUP_S3_BUCKET=backups \
    HERMETIC_BACKUP_S3_REGION=eu-test-1 HERMETIC_BACKUP_S3_ACCESS_KEY=AKIATEST \
    HERMETIC_BACKUP_S3_CA=/run/backup/ca.pem
}
check "a store of objects runs" store_up
compose_files deploy/backup-s3.yml tests/compose/store.yml
check "backups are kept in a bucket" backed_up
as alice send "$SESSION" "before the fire" >/dev/null
n=$(by_psql 'SELECT count(*) FROM hermetic.message')
check "the log so far is in the archive" quiet deploy/backup.sh check
compose down -v >/dev/null 2>&1
check "where nothing is left, all comes out of the bucket" restored_to "$n"
check "and people go on" bob_reads "before the fire"
as bob send "$SESSION" "after it" >/dev/null
check "both ways" bob_reads "after it"
compose_files
check "without backups, too" quiet deploy/switchover.sh restart
kill "$STORE_PID"
docker network rm "${PROJECT}_gate" >/dev/null

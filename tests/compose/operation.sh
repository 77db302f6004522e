# shellcheck shell=bash
# The commands of docs/operations.md as they stand there, with two databases and a few nodes.
# Of run.sh, which takes this in by `source`.

# --- passwords ---------------------------------------------------------------

passwords_change() {
  local roles=(owner api rotation mqtt mqtt_bridge admin replication postgres patroni)
  deploy/password.sh admin >/dev/null # now it may log in
  secrets_of "${roles[@]}" >"$WORK/passwords"
  all_open yes <"$WORK/passwords" || return 1
  deploy/password.sh "${roles[@]}" >"$WORK/password.log" 2>&1 || {
    cat "$WORK/password.log" >&2
    return 1
  }
  two_again && all_open no <"$WORK/passwords" && secrets_of "${roles[@]}" | all_open yes
}
check "all roles get other passwords, and the old ones open nothing" passwords_change
as alice send "$SESSION" "by new words" >/dev/null
check "with all at work" bob_reads "by new words"
check "also the migration" quiet compose run --rm --no-deps -T migrate

# --- a certificate -------------------------------------------------------------

certificate_changes() {
  local follow status=1 file=$WORK/renewed out=$WORK/follow.out
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 10 \
    -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
    -keyout "$file.key" -out "$file.pem" 2>/dev/null
  cp deploy/secrets/tls/tls.pem "$file.before"
  SERVER=https://localhost:8443 command_of bob
  "${COMMAND[@]}" read "$SESSION" --follow --transport ws --json >"$out" 2>&1 &
  follow=$!
  until grep -qF '"by new words"' "$out"; do sleep 0.1; done
  "${IN[@]}" deploy/certificate.sh "$file.pem" "$file.key" &&
    ! tls_status_is 200 /readyz &&
    [ "$("${IN[@]}" curl -s -m 5 -o /dev/null -w '%{http_code}' --cacert "$file.pem" \
      https://localhost:8443/readyz)" = 200 ] &&
    SERVER=127.0.0.1:8000 as alice send "$SESSION" "past a certificate" >/dev/null &&
    for _ in $(seq 50); do
      ! grep -qF '"past a certificate"' "$out" || { status=0; break; }
      sleep 0.1
    done
  kill "$follow"
  wait "$follow" 2>/dev/null || true
  return $status
}
sees_end() { # of the certificate, in fewer days than N
  prometheus_shows "probe_ssl_earliest_cert_expiry - time() < $1 * 86400"
}
sees_disks() { prometheus_shows 'node_filesystem_avail_bytes{job="machine"}'; }
check "a certificate is renewed, and who listens goes on" certificate_changes
check "who watches from outside comes up" quiet compose --profile monitoring "${up[@]}" \
  --no-deps prometheus blackbox machine
check "and sees that it ends in ten days" sees_end 11
check "and disks" sees_disks
wrong_certificate() {
  ! "${IN[@]}" deploy/certificate.sh "$WORK/renewed.pem" "$WORK/renewed.before"
}
check "one with another's key is refused" quiet wrong_certificate
check "the one of before comes back" quiet "${IN[@]}" deploy/certificate.sh \
  "$WORK/renewed.before" "$WORK/renewed.before"

# --- the key-encryption key ------------------------------------------------------

kek_changes() {
  local old
  old=$(by_psql 'SELECT DISTINCT kek_id FROM hermetic.signing_key')
  deploy/rekey.sh >"$WORK/rekey.log" 2>&1 || { cat "$WORK/rekey.log" >&2; return 1; }
  [ "$(by_psql 'SELECT DISTINCT kek_id FROM hermetic.signing_key')" != "$old" ] &&
    cmp -s deploy/secrets/kek deploy/secrets/kek_previous
}
check "the key-encryption key changes" kek_changes
as alice send "$SESSION" "under another key" >/dev/null
check "and nobody had to log in again" bob_reads "under another key"

# --- back to the version of before -------------------------------------------------

goes_forward() {
  docker build -q -t hermetic - >/dev/null <<'IMAGE'
FROM hermetic
USER 0:0
RUN echo 'CREATE TABLE hermetic.of_next ();' >migrations/9999_next.up.sql \
 && echo 'DROP TABLE hermetic.of_next;' >migrations/9999_next.down.sql
LABEL version=after
USER 10001:10001
IMAGE
  deploy/upgrade.sh >"$WORK/upgrade.log" 2>&1
}
is_there() { [ "$(by_psql "SELECT to_regclass('hermetic.of_next') IS NOT NULL")" = "$1" ]; }
nodes_after() { # N of them are of the new image
  [ "$(docker ps -q --filter label=version=after \
    --filter label=com.docker.compose.service=api | wc -l)" -eq "$1" ]
}
nodes=$(compose ps -q api | wc -l)
check "an upgrade brings a migration" goes_forward
check "which is there" is_there t
check "with all nodes" nodes_after "$nodes"
check "it goes back" quiet deploy/upgrade.sh back
check "with all nodes" nodes_after 0
check "and leaves the schema" is_there t
check "which goes back, too" quiet deploy/upgrade.sh back schema
check "and is gone" is_there f
as alice send "$SESSION" "as before" >/dev/null
check "and people go on" bob_reads "as before"

# --- while a database is gone -------------------------------------------------------

scaled() { # N nodes run
  [ "$(compose ps -q --status running api | wc -l)" -eq "$1" ]
}
# As if its machine had gone, and not as compose knows of: it would undo a pause.
each_process() { # SIGNAL SERVICE
  docker top "$(container "$2")" -eo pid | tail -n +2 | xargs kill -s "$1"
}
check "there are two databases" two_again
GONE=$(member_is 'Sync Standby')
each_process STOP "$GONE"
check "with a database gone, nodes are added" quiet compose "${up[@]}" --no-deps \
  --scale api=$((nodes + 1)) api
check "they run" scaled $((nodes + 1))
check "what is started as ever does not wait for it" quiet compose up --detach \
  --no-build --pull never --scale api=$((nodes + 2)) rotation api haproxy
check "and runs" scaled $((nodes + 2))
each_process CONT "$GONE"
check "it comes back" two_again

# --- backups -------------------------------------------------------------------------

compose_files deploy/backup.yml
check "backups are kept in a volume" backed_up
timeline=$(by_psql 'SELECT timeline_id FROM pg_control_checkpoint()')
early=$(said_at "early")
n=$(by_psql 'SELECT count(*) FROM hermetic.message')
late=$(said_at "late")
by_psql 'DELETE FROM hermetic.message' >/dev/null
check "the log so far is in the archive" quiet deploy/backup.sh check
# Nobody reads now: a receipt would be of a history that goes.
check "all goes back to a moment" restored_to "$n" "$early"
too_early() { ! deploy/restore.sh '2001-01-01 00:00:00+00' >"$WORK/restore.log" 2>&1; }
check "there is nothing from before the first backup" too_early
check "what stood still goes on" quiet compose "${up[@]}" --scale api=2
check "with what it had" messages "$n"
check "and to a later one of the history before" restored_to $((n + 1)) "$late" "$timeline"
check "which people go on with" bob_reads "late"
check "what was replaced is deleted" quiet deploy/restore.sh clean
source tests/compose/trouble.sh

source tests/compose/store.sh

# shellcheck shell=bash
# What the commands of docs/operations.md do where something is not as it should be. Of
# run.sh, which takes this in by `source` while backups are kept in a volume.

# --- a week later -----------------------------------------------------------------------

# Compose's command by way of a script that changes it on its way.
by_way_of() { # NAME, with the script on standard input; then COMMAND...
  local name=$WORK/$1
  shift
  { printf '#!/usr/bin/env bash\nreal=(%s)\n' "$HERMETIC_COMPOSE"; cat; } >"$name"
  chmod +x "$name"
  HERMETIC_COMPOSE=$name "$@"
}
last_full() { deploy/backup.sh list | sed -n 's/^ *full backup: //p' | tail -n 1; }
backup_is_full() { # yes or no, COMMAND...
  local before wanted=$1
  shift
  before=$(last_full)
  "$@" && [ "$([ "$(last_full)" = "$before" ] && echo no || echo yes)" = "$wanted" ]
}
in_eight_days() { # what seven days ago is then, is tomorrow
  by_way_of later deploy/backup.sh <<'END'
args=("${@/#--date=7 days ago/--date=1 day}")
exec "${real[@]}" "${args[@]}"
END
}
check "within a week a backup is of what changed" quiet backup_is_full no deploy/backup.sh
check "a week later it is a full one" quiet backup_is_full yes in_eight_days

# --- a restore while the archive is away ---------------------------------------------------

archive_goes() { compose exec -T "$(member_is Leader)" bash -c \
  'cd /var/lib/hermetic/backup && for f in *; do mv "$f" "away.$f"; done'; }
archive_comes() { compose exec -T "$(member_is Leader)" bash -c \
  'cd /var/lib/hermetic/backup && for f in away.*; do rm -rf "${f#away.}"; mv "$f" "${f#away.}"; done'; }
asked_first() {
  local said
  said=$(deploy/restore.sh </dev/null 2>&1) && return 1
  [[ $said == *"type: yes"*"nothing was changed"* ]] || { echo "$said" >&2; return 1; }
}
archive_goes
check "while the archive is away a restore asks, and without an answer does nothing" asked_first
archive_comes
check "all still run" bob_reads "late"
check "and the archive is there again" quiet deploy/backup.sh check

# --- one that is cut off, and another password since ------------------------------------------

cut_off() {
  local said
  said=$(by_way_of cut deploy/restore.sh 2>&1 <<'END'
[[ " $* " != *" standby aside "* ]] || exit 1
exec "${real[@]}" "$@"
END
  ) && return 1
  [[ $said == *"start nothing, call this again"* ]] || { echo "$said" >&2; return 1; }
}
check "the administration's role may log in" quiet deploy/password.sh admin
as alice send "$SESSION" "before another password" >/dev/null
check "the log so far is in the archive" quiet deploy/backup.sh check
n=$(by_psql 'SELECT count(*) FROM hermetic.message')
moment=$(said_at "as of now")
by_psql 'DELETE FROM hermetic.message' >/dev/null
check "the administration's role gets another password" quiet deploy/password.sh admin
check "the log so far is in the archive" quiet deploy/backup.sh check
check "a restore that is cut off says what is to be done" cut_off
check "and goes on when it is called again" restored_to $((n + 1)) "$moment"
passwords_are_todays() { secrets_of owner api rotation admin postgres | all_open yes; }
check "passwords are those of today" passwords_are_todays
check "which people go on with" bob_reads "as of now"

# --- HAProxy from before its certificate had a folder ------------------------------

# The same, with the certificate where it was.
door_of_before() {
  sed 's,/run/tls/,/run/before/,' deploy/haproxy.cfg >"$WORK/haproxy.cfg"
  cat >"$WORK/before.yml" <<YAML
services:
  haproxy:
    volumes: !override
      - ./deploy/secrets/tls:/run/before:ro
      - $WORK/haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg:ro
      - ./deploy/healthcheck.sh:/usr/local/lib/hermetic/healthcheck.sh:ro
YAML
  compose -f "$WORK/before.yml" "${up[@]}" --no-deps haproxy
}
has_folder() { # yes or no
  [ "$(inspect '{{range .Mounts}}{{println .Destination}}{{end}}' haproxy |
    grep -qx /run/tls && echo yes || echo no)" = "$1" ]
}
check "HAProxy is as before its certificate had a folder" quiet door_of_before
check "and lacks it" has_folder no
check "an upgrade makes it anew" quiet deploy/upgrade.sh
check "with the folder" has_folder yes
check "and it answers" tls_status_is 200 /readyz

# --- the databases' own commands ------------------------------------------------------

renewed() { deploy/switchover.sh renew "$(member_is 'Sync Standby')" && two_again; }
check "the one that follows is copied anew" quiet renewed
both_take() { # N connections
  local name
  for name in postgres standby; do
    [ "$(compose exec -T "$name" psql -X -q -A -t -h /run/postgresql -U postgres \
      -c 'SHOW max_connections')" = "$1" ] || return 1
  done
}
connections_become() { # N
  deploy/switchover.sh set "max_connections=$1" >"$WORK/set.log" 2>&1 && both_take "$1" &&
    return
  cat "$WORK/set.log" >&2
  deploy/switchover.sh status >&2
  return 1
}
check "max_connections changes" connections_become 130
check "and back" connections_become 120

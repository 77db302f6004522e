# shellcheck shell=bash
# What run.sh, operation.sh and trouble.sh ask and do. Of run.sh, which takes this in by `source`.

by_psql() { # STATEMENT: of the primary, as the superuser
  compose exec -T "$(member_is Leader)" psql -X -q -A -t -h /run/postgresql \
    -U postgres -d hermetic -c "$1"
}
prometheus_shows() { # EXPRESSION [WHAT]: within a minute
  local _
  for _ in $(seq 60); do
    ! docker exec "$(container prometheus)" promtool query instant \
      http://127.0.0.1:9090 "$1" 2>/dev/null | grep -q -- "${2:-=>}" || return 0
    sleep 1
  done
  return 1
}
messages() { # there are N in the log
  [ "$(by_psql 'SELECT count(*) FROM hermetic.message')" = "$1" ]
}
secrets_of() { # ROLE...: a line for each
  local role
  for role; do
    printf '%s %s\n' "$role" "$(<"deploy/secrets/${role}_password")"
  done
}
opens() { # ROLE PASSWORD
  local name=hermetic_$1 at
  case $1 in
    patroni) # its interface, of the one that leads
      at=$(inspect '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}' \
        "$(member_is Leader)")
      [ "$("${IN[@]}" curl -s -m 5 -o /dev/null -w '%{http_code}' -u "patroni:$2" \
        -X POST "http://${at%% *}:8008/reload")" = 202 ]
      return
      ;;
    postgres) name=postgres ;;
  esac
  quiet docker exec -e "PGPASSWORD=$2" "$(container postgres)" psql -X -q -c SELECT \
    "host=postgres,standby user=$name dbname=$([ "$1" = replication ] &&
      echo postgres || echo hermetic)"
}
all_open() { # yes or no; lines of standard input
  local role password
  while read -r role password; do
    [ "$(opens "$role" "$password" && echo yes || echo no)" = "$1" ] || {
      echo "$role" >&2
      return 1
    }
  done
}
# Sends, says when, and waits until that is over.
said_at() { # TEXT
  as alice send "$SESSION" "$1" >/dev/null
  by_psql "SELECT clock_timestamp() FROM pg_sleep(0.1)"
}
backed_up() { # what has made the databases anew keeps backups from now on
  deploy/make-secrets.sh && deploy/switchover.sh restart && deploy/backup.sh full &&
    as alice send "$SESSION" "between two backups" && deploy/backup.sh &&
    deploy/backup.sh list && deploy/backup.sh check
} >"$WORK/backup.log" 2>&1
restored_to() { # N ARGUMENTS...: as many messages are there then
  local n=$1
  shift
  deploy/restore.sh "$@" >"$WORK/restore.log" 2>&1 && two_again && messages "$n" || {
    tail -n 30 "$WORK/restore.log" >&2
    by_psql 'SELECT count(*) FROM hermetic.message' >&2
    return 1
  }
}
compose_files() { # FILE...: what each command is from now on
  local file
  HERMETIC_COMPOSE="docker compose -p $PROJECT -f docker-compose.yml"
  for file; do HERMETIC_COMPOSE+=" -f $file"; done
  compose() { $HERMETIC_COMPOSE "$@"; }
}

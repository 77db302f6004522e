# shellcheck shell=bash
# What is asked of the stack, and of the people who talk through it. Of run.sh, which takes
# this in by `source`.

passed=0
check() { # NAME COMMAND...
  local name=$1
  shift
  "$@" || die "not so: $name"
  passed=$((passed + 1))
  say "ok: $name"
}

becomes() { # STATUS COMMAND...: within seconds, 1 for any failure
  local wanted=$1 status
  shift
  for _ in $(seq 60); do
    status=0
    quiet "$@" || status=1
    [ "$status" = "$wanted" ] && return
    sleep 0.5
  done
  return 1
}

quiet() { "$@" >/dev/null 2>&1; }

status_is() { # STATUS PATH
  [ "$("${IN[@]}" curl -s -m 10 -o /dev/null -w '%{http_code}' \
    "http://127.0.0.1:8000$2")" = "$1" ]
}

tls_status_is() { # STATUS PATH CURL-OPTIONS...
  local status=$1 path=$2
  shift 2
  [ "$("${IN[@]}" curl -s -m 10 -o /dev/null -w '%{http_code}' \
    --cacert deploy/secrets/ca.pem "$@" "https://localhost:8443$path" ||
    true)" = "$status" ]
}

SERVER=127.0.0.1:8000
# One user's command, on this side of the proxy.
command_of() { # USER
  COMMAND=("${IN[@]}" env "HERMETIC_HOME=$WORK/home/$1" "HERMETIC_USERNAME=$1"
    "HERMETIC_PASSPHRASE=the passphrase of $1" "HERMETIC_SERVER=$SERVER"
    HERMETIC_CA=deploy/secrets/ca.pem HERMETIC_MQTT=mqtts://localhost:8883
    "$WORK/hermetic")
}

as() { # USER ARGUMENTS...
  command_of "$1"
  shift
  "${COMMAND[@]}" "$@"
}

# Members of the JSON objects on standard input.
member() { # NAME
  sed -n "s/.*\"$1\":\"\\([^\"]*\\)\".*/\\1/p" | head -n 1
}

container() { # SERVICE INDEX
  docker ps -q --filter "label=com.docker.compose.project=$PROJECT" \
    --filter "label=com.docker.compose.service=$1" | sed -n "${2:-1}p"
}

inspect() { # FORMAT SERVICE
  docker inspect -f "$1" "$(container "$2")"
}

hardened() { # SERVICE...
  local service
  for service; do
    [ "$(inspect '{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}}' \
      $service)" = "true [ALL]" ] || return 1
    [ "$(docker exec "$(container $service)" id -u)" -gt 0 ] || return 1
    ! docker exec "$(container $service)" touch /written 2>/dev/null || return 1
  done
}

images_list_packages() {
  local pair
  for pair in api:kore mqtt:mosquitto postgres:postgresql-15; do
    docker exec "$(container "${pair%:*}")" cat /usr/local/lib/hermetic/sbom.json |
      node -e 'const read = require("fs").readFileSync;
        process.exit(JSON.parse(read(0)).components.some(c =>
          c.name === process.argv[1]) ? 0 : 1)' "${pair#*:}" || return 1
  done
}

bob_reads() { # TEXT
  as bob read "$SESSION" --json | grep -F "\"$1\"" >/dev/null # all of it is read
}

follow_hears() { # TEXT TRANSPORT
  local out=$WORK/follow.out follow status=1
  command_of bob # not `as`: a shell in between would take the signal
  "${COMMAND[@]}" read "$SESSION" --follow --transport "$2" --json >"$out" 2>&1 &
  follow=$!
  sleep 1
  as alice send "$SESSION" "$1" --transport "$2" >/dev/null
  for _ in $(seq 100); do
    if grep -qF "\"$1\"" "$out"; then
      status=0
      break
    fi
    sleep 0.1
  done
  kill "$follow" 2>/dev/null
  wait "$follow" 2>/dev/null || true
  return $status
}

no_plaintext() {
  compose logs >"$WORK/logs" 2>&1
  docker exec "$(container postgres)" pg_dump -h /run/postgresql -U postgres \
    hermetic >"$WORK/dump.sql"
  [ -s "$WORK/dump.sql" ] && ! grep -qE 'a word in the harbour|passphrase of' \
    "$WORK/logs" "$WORK/dump.sql"
}

# Both register, and SESSION is theirs from then on.
alice_and_bob_talk() {
  local user
  for user in alice bob; do
    check "$user registers" quiet as $user register
  done
  SESSION=$(as alice create --invite bob --json | member session_id)
  check "alice made a session" test -n "$SESSION"
  check "bob joins it" quiet as bob join "$SESSION"
  as alice send "$SESSION" "a word in the harbour" >/dev/null
  check "bob reads what alice sent" bob_reads "a word in the harbour"
}

all_sent() { # N
  local i
  for i in $(seq "$1"); do
    as alice send "$SESSION" "number $i" >/dev/null || return 1
  done
}

export HERMETIC_COMPOSE="docker compose -p $PROJECT -f docker-compose.yml"
member_is() { # ROLE: the name of the database that has it
  deploy/switchover.sh status | awk -F'|' -v role="$1" \
    '$4 ~ "^ *" role { gsub(/ /, "", $2); print $2 }'
}

two_again() {
  for _ in $(seq 120); do
    [ -z "$(member_is Leader)" ] || [ -z "$(member_is 'Sync Standby')" ] ||
      return 0
    sleep 1
  done
  deploy/switchover.sh status >&2
  return 1
}

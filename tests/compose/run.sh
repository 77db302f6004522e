#!/usr/bin/env bash
# Runs docker-compose.yml for real and talks through it, with no image registry
# at hand: Docker's programs come from Debian's packages (nothing of them is
# installed), the base image from mmdebstrap, and stand-ins for the official
# haproxy and prometheus images are built from Debian's. Takes root, as Docker
# does, and about 20 minutes; nothing is left running, and all of the network
# that the containers see is in a namespace that goes at the end.
#
#   tests/compose/run.sh [WORK]     WORK is kept, and makes the next run faster
#
# HERMETIC_ROUNDS is how often each fault of a database is tried, 1 if not set.
# HERMETIC_PARTS=arm64 makes images for two processors, and runs those of arm64 by qemu
# (arm64.sh); =first ends it before databases fail; =operation tries the commands of
# docs/operations.md and no more (operation.sh), =trouble what they do where something is
# not as it should be, alone (trouble.sh), =volumes those from a store of objects on,
# =starved whether all comes up with hardly any processor time (starved.sh), and =images
# makes the images in WORK.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
. tools/dev/packages.sh
export DEBIAN_FRONTEND=noninteractive

say() { printf '==> %3d s  %s\n' "$SECONDS" "$*"; }
die() { printf 'compose: %s\n' "$*" >&2; exit 1; }

[ "$EUID" -eq 0 ] || die "this takes root, as Docker does."
if [ -n "${1:-}" ]; then
  mkdir -p "$1"
  WORK=$(readlink -f "$1")
else
  WORK=$(mktemp -d /var/tmp/hermetic-compose.XXXXXX)
  KEEP=no
fi
NETNS=hermetic-$$
PROJECT=hermetictest
busy=() # processes that take processor time from all others
BINFMT= # where the kernel is told who starts programs of another processor
. tests/compose/docker.sh

compose() {
  docker compose -p $PROJECT -f docker-compose.yml "$@"
}

finish() {
  local status=$?
  trap - EXIT
  [ "${#busy[@]}" -eq 0 ] || kill "${busy[@]}" 2>/dev/null
  if [ "$status" -ne 0 ] && [ -n "$DOCKERD" ]; then
    compose ps -a || true
    compose logs --tail 30 || true
  fi
  compose --profile admin --profile monitoring down -v -t 5 >/dev/null 2>&1 || true
  docker_stop
  ip netns del "$NETNS" 2>/dev/null || true
  [ -z "$BINFMT" ] || foreign_end
  [ "${KEEP:-yes}" = yes ] || rm -rf "$WORK"
  [ "$status" -eq 0 ] || echo "compose: FAILED"
  exit "$status"
}
trap finish EXIT
trap 'exit 1' INT TERM

# --- what is asked of it ---------------------------------------------------

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

# The command of the image, for who is outside of all containers.
command_taken() {
  local id
  id=$(docker create hermetic)
  docker cp -q "$id:/usr/local/bin/hermetic" "$WORK/hermetic"
  mkdir -p "$WORK/lib"
  docker cp -q "$id:/usr/local/lib/libhermetic.so.0" "$WORK/lib/libhermetic.so.0"
  docker rm "$id" >/dev/null
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

# --- the run ---------------------------------------------------------------

images() {
  local name folder
  base_image "$(dpkg --print-architecture)"
  docker_start "${NO_BRIDGE[@]}"
  say "Building the images."
  docker import --change 'CMD ["bash"]' "$WORK/base-$(dpkg --print-architecture).tar" \
    debian:bookworm-slim >/dev/null
  for name in haproxy:2.6 prom/prometheus:v2.42.0 prom/blackbox-exporter:v0.23.0 \
    prom/node-exporter:v1.5.0; do
    folder=${name%:*}
    docker build -q --network host -t $name "tests/compose/${folder#*/}" \
      >/dev/null
  done
  compose --progress plain -f tests/compose/offline.yml build \
    >"$WORK/build.log" 2>&1 || {
    tail -n 30 "$WORK/build.log" >&2
    die "the image was not built."
  }
}

more_packages=()
[ "${HERMETIC_PARTS:-}" != arm64 ] || source tests/compose/arm64.sh
mkdir -p "$WORK/config"
host_packages "${more_packages[@]}"
programs
echo '{}' >"$WORK/daemon.json"
# Images are built on this machine's network, with no bridge and no rules.
IN=()
NO_BRIDGE=(--bridge=none --iptables=false --ip6tables=false --ip-forward=false)
images
command_taken
docker_stop
[ "${HERMETIC_PARTS:-}" != images ] || exit 0

# The rest happens in a network namespace of our own: bridges, rules, ports.
ip netns add "$NETNS"
IN=(nsenter "--net=/run/netns/$NETNS")
"${IN[@]}" ip link set lo up
docker_start --bip 198.18.0.1/24 \
  --default-address-pool base=198.19.0.0/16,size=24
deploy/make-secrets.sh >/dev/null
compose down -v -t 1 >/dev/null 2>&1 || true
# A run before has left those of other compose files, under other secrets.
docker volume ls --quiet --filter "label=com.docker.compose.project=$PROJECT" |
  xargs --no-run-if-empty docker volume rm >/dev/null
rm -rf "$WORK/home"
up=(up --detach --no-build --pull never --wait --wait-timeout 300)
case ${HERMETIC_PARTS:-} in
  starved)
    source tests/compose/starved.sh
    say "$passed checks passed"
    exit
    ;;
  arm64)
    foreign_stack
    say "$passed checks passed"
    exit
    ;;
esac
say "Starting the stack."
compose "${up[@]}" >"$WORK/up.log" 2>&1 || {
  tail -n 20 "$WORK/up.log" >&2
  die "the stack did not come up."
}

check "HAProxy answers for a ready node" status_is 200 /readyz
check "the images say what they consist of" images_list_packages
check "nobody is root, no root is writable, no capability is left" hardened \
  postgres standby etcd etcd-2 etcd-3 api haproxy rotation mqtt mqtt-2 mqtt-bridge \
  mqtt-bridge-2
for user in alice bob; do
  check "$user registers" quiet as $user register
done
SESSION=$(as alice create --invite bob --json | member session_id)
check "alice made a session" test -n "$SESSION"
check "bob joins it" quiet as bob join "$SESSION"
as alice send "$SESSION" "a word in the harbour" >/dev/null
check "bob reads what alice sent" bob_reads "a word in the harbour"
check "bob hears by WebSocket through the proxy" follow_hears "over the wire" ws
passwords_cost() { # N of scrypt, of all that there are
  [ "$(compose exec -T "$(member_is Leader)" psql -X -q -A -t \
    -h /run/postgresql -U postgres -d hermetic \
    -c 'SELECT DISTINCT cost_n FROM hermetic.account')" = "$1" ]
}
check "passwords are hashed at their full cost" passwords_cost 131072
shown() { # SETTING: of the primary
  compose exec -T "$(member_is Leader)" psql -X -q -A -t -h /run/postgresql \
    -U postgres -c "SHOW $1"
}
ceilings_hold() {
  [ "$(shown max_connections) $(shown shared_buffers) $(shown max_wal_size)" = \
    "120 256MB 2GB" ] &&
    [ "$(inspect '{{index .HostConfig.LogConfig.Config "max-size"}}' api)" = 20m ]
}
check "PostgreSQL and logs have the ceilings of the profile" ceilings_hold
source tests/compose/words.sh
case ${HERMETIC_PARTS:-all} in
  all | first) ;;
  operation)
    source tests/compose/operation.sh
    say "$passed checks passed"
    exit
    ;;
  trouble)
    compose_files deploy/backup.yml
    check "backups are kept in a volume" backed_up
    as alice send "$SESSION" "late" >/dev/null
    source tests/compose/trouble.sh
    say "$passed checks passed"
    exit
    ;;
  volumes)
    source tests/compose/store.sh
    source tests/compose/projects.sh
    say "$passed checks passed"
    exit
    ;;
  *) die "no part of that name: $HERMETIC_PARTS" ;;
esac

# --- the administration's API -------------------------------------------------

# As docs/operations.md has it.
admin_comes_up() {
  deploy/password.sh admin &&
    compose --profile admin "${up[@]}" --no-deps admin
}
new_api_token() { # NAME SCOPES
  docker exec "$(container rotation)" hermetic-admin api-token "$1" "$2" 1
}
admin_status_is() { # STATUS TOKEN METHOD PATH CURL-OPTIONS...
  local status=$1 token=$2 method=$3 path=$4 got
  shift 4
  got=$("${IN[@]}" curl -s -m 5 -o "$WORK/admin.out" -w '%{http_code}' \
    -X "$method" -H "Authorization: Bearer $token" "$@" \
    "http://127.0.0.1:8002$path" || true)
  [ "$got" = "$status" ] || { echo "$method $path: $got" >&2; return 1; }
}
admin_counts_people() {
  admin_status_is 200 "$READS" GET /admin/statistics &&
    grep -q '"accounts":2\b' "$WORK/admin.out"
}
admin_suspends() {
  admin_status_is 403 "$READS" POST /admin/users/bob/suspend &&
    admin_status_is 204 "$WRITES" POST /admin/users/bob/suspend &&
    becomes 1 as bob devices && # nodes hear of it within seconds
    admin_status_is 204 "$WRITES" POST /admin/users/bob/resume &&
    becomes 0 as bob devices
}
admin_is_on_record() {
  admin_status_is 200 "$READS" GET '/admin/audit?limit=500' &&
    grep -q '"admin:desk"' "$WORK/admin.out" &&
    docker exec "$(container rotation)" hermetic-admin audit verify
}
# From all sides but this machine's own.
admin_is_apart() {
  local address
  [ "$(docker port "$(container admin)")" = "8002/tcp -> 127.0.0.1:8002" ] &&
    status_is 404 /admin/statistics && tls_status_is 404 /admin/statistics ||
    return 1
  for address in $("${IN[@]}" ip -4 -o addr show | awk '
    { sub(/\/.*/, "", $4); if ($4 !~ /^127/) print $4 }'); do
    ! quiet "${IN[@]}" curl -s -m 2 "http://$address:8002/healthz" || return 1
  done
  for address in $(inspect \
    '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}' admin); do
    docker exec "$(container haproxy)" timeout 2 bash -c \
      "exec 3<>/dev/tcp/$address/8002" 2>/dev/null && return 1
  done
  ! docker exec "$(container haproxy)" getent hosts admin
}
check "the administration's API comes up" quiet admin_comes_up
check "hardened as the rest" hardened admin
READS=$(new_api_token reports read)
WRITES=$(new_api_token desk read,write)
check "it wants a token" admin_status_is 401 wrong GET /admin/statistics
check "and answers to one" admin_counts_people
check "its scopes hold, and people are suspended by it" admin_suspends
check "which is on record" quiet admin_is_on_record
check "nobody reaches it from outside" admin_is_apart
quiet compose --profile admin rm -sf admin

# --- who connects to MQTT and says nothing --------------------------------------

# From within the network, so that HAProxy does not count them: the gates alone do.
flood='
use IO::Socket::INET;
$| = 1;
my @all;
for my $n (1 .. 10000) {
  my $s = IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => 1883, Timeout => 5);
  next unless $s;
  syswrite $s, "\x10";
  push @all, $s;
}
print scalar(@all), "\n";
sleep 600;
'
# What its processes hold, and that with what the kernel holds for them, in MiB.
held() { # SERVICE
  docker exec "$(container "$1")" bash -c 'cat /proc/[0-9]*/status' 2>/dev/null |
    awk '/^VmRSS/ { n += $2 } END { printf "%d ", n / 1024 }'
  docker stats --no-stream --format '{{.MemUsage}}' "$(container "$1")" |
    awk '{ n = $1 + 0; if ($1 ~ /KiB/) n /= 1024; if ($1 ~ /GiB/) n *= 1024
      printf "%d", n + 0.5 }'
}
flood_is_held() {
  local bridge broker anon all out status=1
  read -r bridge _ < <(held mqtt-bridge; echo)
  read -r broker _ < <(held mqtt; echo)
  docker run -d --name hermetic-flood --network ${PROJECT}_front \
    --entrypoint perl hermetic -e "$flood" mqtt-bridge >/dev/null
  for _ in $(seq 360); do
    out=$(docker logs hermetic-flood 2>&1)
    [ -z "$out" ] || break
    sleep 0.5
  done
  say "${out:-0} connections; before, bridge $bridge MiB, broker $broker;" \
    "then, and with the kernel's, $(held mqtt-bridge), $(held mqtt)"
  read -r anon all < <(held mqtt-bridge; echo)
  if [ "${out:-0}" -gt 9000 ] && [ "$anon" -lt $((bridge + 16)) ] &&
    [ "$all" -lt 128 ] && read -r anon all < <(held mqtt; echo) &&
    [ "$anon" -lt $((broker + 16)) ] && [ "$all" -lt 256 ] &&
    follow_hears "in a flood" mqtt
  then
    status=0
  fi
  docker rm -f hermetic-flood >/dev/null
  return $status
}
SERVER=https://localhost:8443
check "10,000 that say nothing to MQTT cost nobody anything" flood_is_held
SERVER=127.0.0.1:8000

# --- nodes go and come ---------------------------------------------------------

docker kill -s KILL "$(container api)" >/dev/null
check "with a node killed, all is sent" all_sent 8
check "and arrives" bob_reads "number 8"
check "up again runs the migration again" quiet compose "${up[@]}" --scale api=5
check "five nodes answer" status_is 200 /readyz

# People go on while every node is exchanged for one of another image.
upgraded() {
  local talk before after status=0
  printf 'FROM hermetic\nLABEL version=next\n' |
    docker build -q -t hermetic - >/dev/null
  before=$(docker ps -q --filter label=com.docker.compose.service=api | sort)
  rm -f "$WORK/upgraded" "$WORK/refused" "$WORK/said"
  while [ ! -e "$WORK/upgraded" ]; do
    status_is 200 /.well-known/jwks.json || echo GET >>"$WORK/refused"
    as alice send "$SESSION" "meanwhile" >/dev/null 2>>"$WORK/refused"
    echo sent >>"$WORK/said"
  done &
  talk=$!
  HERMETIC_COMPOSE="docker compose -p $PROJECT -f docker-compose.yml" \
    deploy/upgrade.sh >"$WORK/upgrade.log" 2>&1 || status=1
  touch "$WORK/upgraded"
  wait "$talk" || status=1
  after=$(docker ps -q --filter label=version=next \
    --filter label=com.docker.compose.service=api | sort)
  say "$(wc -l <"$WORK/said") messages meanwhile"
  [ "$(wc -w <<<"$before")" -eq 5 ] && [ "$(wc -w <<<"$after")" -eq 5 ] &&
    [ -z "$(comm -12 <(echo "$before") <(echo "$after"))" ] || status=1
  [ "$status" -eq 0 ] && [ ! -s "$WORK/refused" ] && return
  cat "$WORK/upgrade.log" "$WORK/refused" >&2
  return 1
}
check "five nodes are exchanged, and no request fails" upgraded
compose restart -t 10 postgres >/dev/null 2>&1
ready_again() {
  for _ in $(seq 60); do
    status_is 200 /readyz && return
    sleep 0.5
  done
  return 1
}
check "the nodes survive a restart of PostgreSQL" ready_again
as alice send "$SESSION" "after the restart" >/dev/null
check "and messages travel" bob_reads "after the restart"
rotation_knows() {
  docker exec "$(container rotation)" hermetic-admin status |
    grep -q '^1 sessions, 0 ended'
}
check "hermetic-admin tells what is due, and when" rotation_knows

# --- MQTT and TLS -------------------------------------------------------------

# A stranger is answered by the broker's own word, through proxy and gate.
mqtt_refuses() {
  local said
  said=$("${IN[@]}" mosquitto_pub -V 5 -p 1883 -h 127.0.0.1 -i stranger \
    -u nobody -P wrong -t hermetic/v1/x -m x 2>&1) && return 1
  [[ $said == *"Not authorized"* ]]
}
check "the MQTT broker answers through HAProxy" mqtt_refuses
SERVER=https://localhost:8443
check "HTTPS, with our certificate" tls_status_is 200 /readyz
check "TLS 1.1 is refused" tls_status_is 000 /readyz --tlsv1 --tls-max 1.1
check "bob hears by WebSocket over TLS" follow_hears "over TLS" ws
check "bob hears by MQTT over TLS" follow_hears "by MQTT" mqtt
check "MQTT over WebSocket is spoken at /mqtt" tls_status_is 101 /mqtt -m 3 \
  --http1.1 -H 'Upgrade: websocket' -H 'Connection: Upgrade' \
  -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Protocol: mqtt' \
  -H 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='

if [ "${HERMETIC_PARTS:-all}" = first ]; then
  say "$passed checks passed"
  exit
fi

# --- what keeps the data fails ----------------------------------------------

# Alice goes on meanwhile. What she was told is sent is counted; each send is
# bounded, so the longest one says how long nothing was taken.
talk_begin() {
  rm -f "$WORK/stop" "$WORK/told"
  touch "$WORK/told"
  while [ ! -e "$WORK/stop" ]; do
    local began=$EPOCHREALTIME n
    n=$(($(wc -l <"$WORK/told") + 1))
    until as alice send "$SESSION" --id "$1 $n" "$1 $n" >/dev/null 2>&1; do
      [ ! -e "$WORK/stop" ] || return 0
    done
    awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }' >>"$WORK/told"
  done &
  TALK=$!
}
talk_end() { # what she was told, bob reads, each once
  local n i
  touch "$WORK/stop"
  wait "$TALK" || true
  n=$(wc -l <"$WORK/told")
  as bob read "$SESSION" --json >"$WORK/heard"
  for i in $(seq "$n"); do
    [ "$(grep -cF "\"$1 $i\"" "$WORK/heard")" -eq 1 ] || {
      echo "$1 $i is there $(grep -cF "\"$1 $i\"" "$WORK/heard") times" >&2
      return 1
    }
  done
  say "$1: $n messages, the slowest took $(sort -g "$WORK/told" | tail -n 1) s"
}
more_are_told() { # N more, in two minutes
  local n
  n=$(($(wc -l <"$WORK/told") + $1))
  for _ in $(seq 240); do
    [ "$(wc -l <"$WORK/told")" -ge "$n" ] && return
    sleep 0.5
  done
  return 1
}

# survives WORD, with break_WORD and mend_WORD for the primary $LEADER
survives() {
  LEADER=$(member_is Leader)
  talk_begin "$1 $round"
  check "$1: all is well before" more_are_told 2
  "break_$1" >/dev/null
  check "$1: people go on" more_are_told 3
  "mend_$1" >/dev/null
  check "$1: there are two again" two_again
  check "$1: what was acknowledged is there, once" talk_end "$1 $round"
}
another_leads() { [ "$(member_is Leader)" != "$LEADER" ]; }

break_killed() { docker kill -s KILL "$(container "$LEADER")"; }
mend_killed() { compose "${up[@]}" --scale api=5; }
break_paused() { docker pause "$(container "$LEADER")"; }
mend_paused() { docker unpause "$(container "$LEADER")"; }
break_cut() {
  CUT=$(container "$LEADER")
  for network in back cluster; do
    docker network disconnect "${PROJECT}_$network" "$CUT"
  done
}
mend_cut() {
  for network in back cluster; do
    docker network connect --alias "$LEADER" "${PROJECT}_$network" "$CUT"
  done
}
break_both() { docker kill -s KILL "$(container "$LEADER")" "$(container etcd-2)"; }
mend_both() { compose "${up[@]}" --scale api=5; }
break_etcd() { docker kill -s KILL "$(container etcd)"; }
mend_etcd() { compose "${up[@]}" --scale api=5; }

check "there are two databases" two_again
for round in $(seq "${HERMETIC_ROUNDS:-1}"); do
  for fault in killed paused cut both; do
    survives $fault
    check "$fault: the other one leads" another_leads
  done
  survives etcd
done
LEADER=$(member_is Leader)
check "they change places on request" quiet deploy/switchover.sh
check "and did" another_leads
check "with all that was sent" bob_reads "by MQTT"
# Five nodes, two bridges and the rotation worker.
sees_all() { prometheus_shows 'sum(up{job="hermetic"})' '=> 8 '; }
check "Prometheus starts" quiet compose --profile monitoring "${up[@]}" \
  --no-deps prometheus
check "and sees every process" sees_all
knows_messages() { prometheus_shows 'sum(hermetic_messages_stored_total) > 5'; }
check "and what they have counted" knows_messages
check "no plaintext in the database and the logs" no_plaintext
source tests/compose/operation.sh
source tests/compose/projects.sh
say "$passed checks passed"

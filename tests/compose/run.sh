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
SELF=compose
. tests/testlib/run.sh
SUITE=trixie # Debian 12's own Docker is too old for this compose file
export DEBIAN_FRONTEND=noninteractive

need_root ", as Docker does."
take_folder "${1:-}"
NETNS=hermetic-$$
DOCKERD=
PROJECT=hermetictest
busy=() # processes that take processor time from all others
BINFMT= # where the kernel is told who starts programs of another processor
export DOCKER_CONFIG=$WORK/config DOCKER_HOST=unix://$WORK/docker.sock
export PATH=$WORK/programs/usr/sbin:$WORK/programs/usr/bin:$PATH

source tests/compose/docker.sh

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
  [ "$KEEP" = yes ] || rm -rf "$WORK"
  [ "$status" -eq 0 ] || echo "compose: FAILED"
  exit "$status"
}
trap finish EXIT
trap 'exit 1' INT TERM

source tests/compose/ask.sh

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
id=$(docker create hermetic)
docker cp -q "$id:/usr/local/bin/hermetic" "$WORK/hermetic"
mkdir -p "$WORK/lib"
docker cp -q "$id:/usr/local/lib/libhermetic.so.0" "$WORK/lib/libhermetic.so.0"
docker rm "$id" >/dev/null
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
alice_and_bob_talk
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

source tests/compose/admin.sh

source tests/compose/flood.sh

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

source tests/compose/databases.sh

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

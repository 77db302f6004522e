#!/usr/bin/env bash
# Starts one process of the image: patroni, etcd, or alone (PostgreSQL without
# anybody who would replace it). $NAME is the service's name in compose, and all
# that is kept stands in /var/lib/hermetic/data. While nothing runs on that,
# `restore` makes the cluster from a backup (restore.sh), `aside` puts it away so that
# the other one's is copied, and `clean` deletes what these two have put away.
set -euo pipefail
umask 0077
here=/usr/local/lib/hermetic
data=/var/lib/hermetic/data
cluster=$data/cluster

# The official image of PostgreSQL kept a cluster at the top of its volume. A
# directory that a file system is mounted on cannot be replaced, so the cluster
# goes one down; a start that was cut off here goes on.
take_over() {
  local entry
  [ -s "$data/PG_VERSION" ] || [ -d "$data/moving" ] || return 0
  mkdir -p "$data/moving"
  for entry in "$data"/*; do
    [ "$entry" = "$data/moving" ] || [ "$entry" = "$data/PG_VERSION" ] ||
      mv "$entry" "$data/moving/"
  done
  [ ! -e "$data/PG_VERSION" ] || mv "$data/PG_VERSION" "$data/moving/"
  # who waits for whom is Patroni's to say from now on
  sed -i '/^synchronous_standby_names\b/d; /^primary_/d' \
    "$data/moving/postgresql.auto.conf"
  # One that followed may be behind: it is copied anew.
  if [ -e "$data/moving/standby.signal" ]; then
    mv "$data/moving" "$data/before"
    echo "$NAME: it followed before; its old data is in $data/before"
  else
    mv "$data/moving" "$cluster"
  fi
}

# Whether etcd knows of a cluster already.
is_made() {
  local host
  for host in etcd etcd-2 etcd-3; do
    ! timeout 3 bash "$here/health.sh" 2379 \
      /v2/keys/service/hermetic/initialize $host 2>/dev/null || return 0
  done
  return 1
}

# Patroni without data makes a new cluster where etcd knows of none. Somebody else
# may have the data, and be about to start: only $FIRST makes one, not at once, and
# not where it followed before, since then the other one has the data.
wait_for_cluster() {
  local seconds=0
  [ ! -d "$cluster" ] || return 0
  echo "$NAME: no data yet; waits for the other one's cluster"
  until is_made; do
    if [ "${FIRST:-no}" = yes ] && [ ! -d "$data/before" ] &&
      [ $((seconds++)) -ge 5 ]; then
      return
    fi
    sleep 1
  done
}

# One that followed may lack what was acknowledged: nobody runs it by itself.
refuse_to_be_alone() {
  [ -e "$cluster/standby.signal" ] ||
    { [ ! -d "$cluster" ] && [ -d "$data/before" ]; } || return 0
  echo "$NAME: it followed the other one, which may have more (docs/operations.md)" >&2
  sleep 5 # not at once again
  exit 1
}

put_aside() {
  [ ! -d "$cluster" ] || mv "$cluster" "$data/replaced-$(date -u +%Y%m%dT%H%M%SZ)"
}

if [ "${BACKUP:-no}" != no ]; then
  bash "$here/backup-config.sh" >/tmp/pgbackrest.conf
fi
case ${1:-patroni} in
  restore) exec bash "$here/restore.sh" "$cluster" "${@:2}" ;;
  aside) put_aside ;;
  clean) rm -rf "$data"/replaced-* "$cluster.restored" ;;
  patroni)
    take_over
    wait_for_cluster
    bash "$here/patroni-config.sh" >/tmp/patroni.yml
    exec patroni /tmp/patroni.yml
    ;;
  alone)
    take_over
    refuse_to_be_alone
    exec bash "$here/alone.sh" "$cluster"
    ;;
  etcd)
    # Patroni speaks version 2 with it: by version 3, Patroni 3.0 writes the
    # leader's key without comparing once its lease has run out, so that a primary
    # that slept takes the lock back from its successor.
    exec etcd --name "$NAME" --data-dir "$data/etcd" --enable-v2=true \
      --initial-cluster-state new --initial-cluster-token hermetic \
      --initial-cluster \
      etcd=http://etcd:2380,etcd-2=http://etcd-2:2380,etcd-3=http://etcd-3:2380 \
      --listen-peer-urls http://0.0.0.0:2380 \
      --initial-advertise-peer-urls "http://$NAME:2380" \
      --listen-client-urls http://0.0.0.0:2379 \
      --advertise-client-urls "http://$NAME:2379" \
      --heartbeat-interval 250 --election-timeout 2500 \
      --log-level warn
    ;;
  *) exec "$@" ;;
esac

#!/usr/bin/env bash
# Becomes one machine of the compose file's: machine.sh NAMESPACE DIRECTORY KIND UID GID,
# where KIND is patroni or etcd. It runs deploy/database/start.sh as the image
# does, in a network, a tree of files and a number space of processes of its own. NAME and the rest
# of the environment are the compose file's. DIRECTORY has hosts, secrets and data.
set -euo pipefail
if [ "${6:-}" != inside ]; then
  exec ip netns exec "$1" unshare --mount --pid --fork --kill-child --mount-proc \
    bash "$0" "$@" inside
fi
root=$(dirname "$(readlink -f "$0")")/../..
mount --bind "$2/hosts" /etc/hosts
mount -t tmpfs none /run
install -d -m 0755 /run/secrets
install -m 0444 "$2"/secrets/* /run/secrets/
install -d -o "$4" -g "$5" /run/postgresql
mount -t tmpfs none /usr/local/lib
install -d /usr/local/lib/hermetic
install "$root"/deploy/roles.sql "$root"/deploy/database/*.sh /usr/local/lib/hermetic/
mount -t tmpfs none /var/lib
install -d /var/lib/hermetic/data
mount --bind "$2/data" /var/lib/hermetic/data
cd /
mount -t tmpfs none /tmp
exec setpriv --reuid "$4" --regid "$5" --clear-groups \
  bash /usr/local/lib/hermetic/start.sh "$3"

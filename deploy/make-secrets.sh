#!/usr/bin/env bash
# Makes the secrets that docker-compose.yml hands to its containers; those that
# are there stay. Only the owner of the directory gets at them, while a
# container, which gets a file alone, can read it whatever its user is.
set -euo pipefail
dir=${1:-$(dirname "$(readlink -f "$0")")/secrets}
mkdir -p "$dir"
chmod 0700 "$dir"
put() { # NAME, from standard input
  cat >"$dir/$1.new"
  chmod 0444 "$dir/$1.new"
  mv "$dir/$1.new" "$dir/$1"
}

for name in postgres_password owner_password api_password \
  rotation_password mqtt_password mqtt_bridge_password; do
  [ -s "$dir/$name" ] || od -An -v -tx1 -N24 /dev/urandom | tr -d ' \n' |
    put "$name"
done
[ -s "$dir/mqtt_secret" ] || head -c 24 /dev/urandom | base64 -w 0 |
  put mqtt_secret
[ -s "$dir/kek" ] || head -c 32 /dev/urandom | base64 -w 0 | put kek
printf 'postgresql://hermetic_api:%s@postgres/hermetic' \
  "$(<"$dir/api_password")" | put api_url
printf 'postgresql://hermetic_rotation:%s@postgres/hermetic' \
  "$(<"$dir/rotation_password")" | put rotation_url
for role in mqtt mqtt_bridge; do
  printf 'postgresql://hermetic_%s:%s@postgres/hermetic' "$role" \
    "$(<"$dir/${role}_password")" | put ${role}_url
done
echo "The secrets are in $dir."

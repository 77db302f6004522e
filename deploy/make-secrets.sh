#!/usr/bin/env bash
# Makes the secrets that docker-compose.yml hands to its containers; those that
# are there stay. Only the owner of the directory gets at them, while a
# container, which gets a file alone, can read it whatever its user is.
set -euo pipefail
dir=${1:-$(dirname "$(readlink -f "$0")")/secrets}
mkdir -p "$dir"
chmod 0700 "$dir"
for name in postgres_password owner_password api_password kek; do
  [ -s "$dir/$name" ] && continue
  head -c 32 /dev/urandom | base64 -w 0 >"$dir/$name.new"
  chmod 0444 "$dir/$name.new"
  mv "$dir/$name.new" "$dir/$name"
done
echo "The secrets are in $dir."

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
  rotation_password mqtt_password mqtt_bridge_password \
  replication_password patroni_password admin_password grafana_password; do
  [ -s "$dir/$name" ] || od -An -v -tx1 -N24 /dev/urandom | tr -d ' \n' |
    put "$name"
done
for name in mqtt_secret mqtt_keys_secret; do
  [ -s "$dir/$name" ] || head -c 24 /dev/urandom | base64 -w 0 | put "$name"
done
[ -s "$dir/kek" ] || head -c 32 /dev/urandom | base64 -w 0 | put kek
# Whichever of the two is the primary.
for role in api rotation mqtt mqtt_bridge admin; do
  printf 'postgresql://hermetic_%s:%s@postgres,standby/hermetic?%s' "$role" \
    "$(<"$dir/${role}_password")" target_session_attrs=read-write |
    put ${role}_url
done

# A certificate for the proxy, until there is one that the world trusts: put
# that and its key into tls.pem.
if [ ! -s "$dir/tls.pem" ]; then
  host=${HERMETIC_HOSTNAME:-localhost}
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -days 3650 -subj "/CN=$host" \
    -addext "subjectAltName=DNS:$host,DNS:localhost,IP:127.0.0.1" \
    -keyout "$dir/tls.key" -out "$dir/ca.pem" 2>/dev/null
  cat "$dir/ca.pem" "$dir/tls.key" | put tls.pem
  rm "$dir/tls.key"
fi
echo "The secrets are in $dir; clients trust $dir/ca.pem."

#!/usr/bin/env bash
# Makes the secrets that docker-compose.yml hands to its containers; those that
# are there stay. Only the owner of the directory gets at them, while a
# container, which gets a file alone, can read it whatever its user is.
#
#   make-secrets.sh [DIR [HOST]]
#
# With HOST, where PostgreSQL is, it makes those that services without containers need
# (debian/hermetic-setup). The file database_address keeps where that is. Then a URL
# that is there stays, too, since it may be edited; and the owner's password and URL are
# made the first time alone, since who keeps the schema elsewhere takes them away.
set -euo pipefail
dir=${1:-$(dirname "$(readlink -f "$0")")/secrets}
host=${2:-}
die() { printf 'make-secrets: %s\n' "$*" >&2; exit 1; }
mkdir -p "$dir"
chmod 0700 "$dir"
put() { # NAME, from standard input
  cat >"$dir/$1.new"
  chmod 0444 "$dir/$1.new"
  mv "$dir/$1.new" "$dir/$1"
}

# Where the database is, for PostgreSQL's own URLs. On the way to another machine the
# server shows a certificate of one whom this machine trusts.
address_of() { # HOST
  local tls=
  case $1 in
    localhost | localhost:* | 127.0.0.1 | 127.0.0.1:* | '[::1]' | '[::1]:'*) ;;
    *) tls='&sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt' ;;
  esac
  printf '%s/hermetic?target_session_attrs=read-write%s' "$1" "$tls"
}

roles='owner api rotation mqtt mqtt_bridge admin'
passwords=$roles
urls='api rotation mqtt mqtt_bridge admin'
# With compose whichever of the two is the primary.
at='postgres,standby/hermetic?target_session_attrs=read-write'
if [ -z "$host" ]; then
  passwords+=' postgres replication patroni grafana backup'
elif [ -s "$dir/database_address" ]; then
  at=$(<"$dir/database_address")
  [ "${at%%/*}" = "$host" ] || die "the secrets in $dir are for the PostgreSQL at" \
    "${at%%/*}, and not at $host. If it has moved, say so in database_address and in" \
    "each *_url there."
  passwords=$urls
else
  at=$(address_of "$host")
  urls=$roles
fi
if [ -n "$host" ]; then
  for role in $urls; do
    [ -s "$dir/${role}_password" ] || [ ! -s "$dir/${role}_url" ] ||
      die "$dir/${role}_url is there without ${role}_password. Delete it, too, and both" \
        "are made anew."
  done
fi
for name in $passwords; do
  name=${name}_password
  [ -s "$dir/$name" ] || od -An -v -tx1 -N24 /dev/urandom | tr -d ' \n' |
    put "$name"
done
for name in mqtt_secret mqtt_keys_secret; do
  [ -s "$dir/$name" ] || head -c 24 /dev/urandom | base64 -w 0 | put "$name"
done
[ -s "$dir/kek" ] || head -c 32 /dev/urandom | base64 -w 0 | put kek
# Another one than kek only while deploy/rekey.sh goes from the one to the other.
[ -s "$dir/kek_previous" ] || put kek_previous <"$dir/kek"
for role in $urls; do
  [ -z "$host" ] || [ ! -s "$dir/${role}_url" ] || continue
  printf 'postgresql://hermetic_%s:%s@%s' "$role" "$(<"$dir/${role}_password")" "$at" |
    put "${role}_url"
done
if [ -n "$host" ]; then
  printf '%s' "$at" | put database_address
  exit 0
fi

# Folders are handed out whole: what takes the place of a file in one is seen inside of
# the container, too.
install -d -m 0755 "$dir/tls" "$dir/backup"
[ ! -s "$dir/tls.pem" ] || mv "$dir/tls.pem" "$dir/tls/tls.pem" # where it was before

# A certificate for the proxy, until there is one that the world trusts
# (deploy/certificate.sh).
if [ ! -s "$dir/tls/tls.pem" ]; then
  proxy=${HERMETIC_HOSTNAME:-localhost}
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -days 3650 -subj "/CN=$proxy" \
    -addext "subjectAltName=DNS:$proxy,DNS:localhost,IP:127.0.0.1" \
    -keyout "$dir/tls.key" -out "$dir/ca.pem" 2>/dev/null
  cat "$dir/ca.pem" "$dir/tls.key" | put tls/tls.pem
  rm "$dir/tls.key"
fi
echo "The secrets are in $dir; clients trust $dir/ca.pem."

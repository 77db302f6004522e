#!/usr/bin/env bash
# Another certificate for HAProxy, which takes it without letting go of a connection:
#
#   deploy/certificate.sh CHAIN.pem KEY.pem
#
# It ends well once HAProxy shows the new one. What certbot has renewed it takes with this,
# where /srv/hermetic is the folder of docker-compose.yml (certbot's own is another one):
#   --deploy-hook '/srv/hermetic/deploy/certificate.sh $RENEWED_LINEAGE/fullchain.pem $RENEWED_LINEAGE/privkey.pem'
chain=$(readlink -f "${1:?the chain}") key=$(readlink -f "${2:?the key}")
source "$(dirname "$(readlink -f "$0")")/common.sh"
at=$("${compose[@]}" port haproxy 8443) || die "HAProxy does not run."
place=deploy/secrets/tls/tls.pem

print() { openssl x509 -noout -fingerprint -sha256; }
shown() { openssl s_client -connect "$at" </dev/null 2>/dev/null | print 2>/dev/null; }
openssl x509 -in "$chain" -noout -checkend 0 >/dev/null || die "$chain has ended."
[ "$(openssl x509 -in "$chain" -noout -pubkey)" = "$(openssl pkey -in "$key" -pubout)" ] ||
  die "$key is not the key of $chain."

cat "$chain" "$key" >"$place.new"
chmod 0444 "$place.new"
mv "$place.new" "$place"
"${compose[@]}" kill -s USR2 haproxy
new=$(print <"$chain")
for _ in $(seq 50); do
  [ "$(shown)" != "$new" ] || {
    say "HAProxy shows it, until $(openssl x509 -in "$chain" -noout -enddate | cut -d= -f2)."
    exit
  }
  sleep 0.2
done
die "HAProxy does not show it; its log says why: ${compose[*]} logs haproxy"

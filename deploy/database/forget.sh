#!/usr/bin/env bash
# Lets etcd forget who leads and what was written last, but not Patroni's settings: what
# starts next with data is the cluster. Neither database runs meanwhile.
set -euo pipefail
for key in leader optime status sync history initialize failover failsafe members; do
  exec 3<>/dev/tcp/127.0.0.1/2379
  printf 'DELETE /v2/keys/service/hermetic/%s?recursive=true HTTP/1.0\r\n\r\n' $key >&3
  mapfile -t answer <&3
  exec 3>&-
  [[ ${answer[0]:-} == *" 200 "* || ${answer[0]:-} == *" 404 "* ]] ||
    { echo "forget: $key: ${answer[0]:-no answer}" >&2; exit 1; }
done

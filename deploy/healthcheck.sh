#!/usr/bin/env bash
# Exits 0 when the API or the proxy on this container's port is ready: healthcheck.sh [PORT]
set -u
exec 3<>"/dev/tcp/127.0.0.1/${1:-${HERMETIC_PORT:-8000}}" || exit 1
printf 'GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
read -r -t 2 _ status _ <&3
[ "${status:-}" = 200 ]

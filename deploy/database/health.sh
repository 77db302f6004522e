#!/usr/bin/env bash
# Succeeds when the process on port $1 of this machine, or of $3, answers GET $2
# with 200.
set -euo pipefail
exec 3<>"/dev/tcp/${3:-127.0.0.1}/$1"
printf 'GET %s HTTP/1.0\r\n\r\n' "$2" >&3
read -r -t 2 status <&3
[[ $status == *" 200 "* ]]

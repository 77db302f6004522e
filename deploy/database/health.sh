#!/usr/bin/env bash
# Succeeds when the process on port $1 of this machine, or of $3, answers GET $2
# with 200.
set -euo pipefail
exec 3<>"/dev/tcp/${3:-127.0.0.1}/$1"
printf 'GET %s HTTP/1.0\r\n\r\n' "$2" >&3
mapfile -t answer <&3 # all of it: who hangs up early fills the server's log
[[ ${answer[0]:-} == *" 200 "* ]]

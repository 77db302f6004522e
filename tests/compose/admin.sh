# shellcheck shell=bash
# The administration's API, as docs/operations.md has it. Of run.sh, which takes this in by
# `source`.

# As docs/operations.md has it.
admin_comes_up() {
  deploy/password.sh admin &&
    compose --profile admin "${up[@]}" --no-deps admin
}
new_api_token() { # NAME SCOPES
  docker exec "$(container rotation)" hermetic-admin api-token "$1" "$2" 1
}
admin_status_is() { # STATUS TOKEN METHOD PATH CURL-OPTIONS...
  local status=$1 token=$2 method=$3 path=$4 got
  shift 4
  got=$("${IN[@]}" curl -s -m 5 -o "$WORK/admin.out" -w '%{http_code}' \
    -X "$method" -H "Authorization: Bearer $token" "$@" \
    "http://127.0.0.1:8002$path" || true)
  [ "$got" = "$status" ] || { echo "$method $path: $got" >&2; return 1; }
}
admin_counts_people() {
  admin_status_is 200 "$READS" GET /admin/statistics &&
    grep -q '"accounts":2\b' "$WORK/admin.out"
}
admin_suspends() {
  admin_status_is 403 "$READS" POST /admin/users/bob/suspend &&
    admin_status_is 204 "$WRITES" POST /admin/users/bob/suspend &&
    becomes 1 as bob devices && # nodes hear of it within seconds
    admin_status_is 204 "$WRITES" POST /admin/users/bob/resume &&
    becomes 0 as bob devices
}
admin_is_on_record() {
  admin_status_is 200 "$READS" GET '/admin/audit?limit=500' &&
    grep -q '"admin:desk"' "$WORK/admin.out" &&
    docker exec "$(container rotation)" hermetic-admin audit verify
}
# From all sides but this machine's own.
admin_is_apart() {
  local address
  [ "$(docker port "$(container admin)")" = "8002/tcp -> 127.0.0.1:8002" ] &&
    status_is 404 /admin/statistics && tls_status_is 404 /admin/statistics ||
    return 1
  for address in $("${IN[@]}" ip -4 -o addr show | awk '
    { sub(/\/.*/, "", $4); if ($4 !~ /^127/) print $4 }'); do
    ! quiet "${IN[@]}" curl -s -m 2 "http://$address:8002/healthz" || return 1
  done
  for address in $(inspect \
    '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}' admin); do
    docker exec "$(container haproxy)" timeout 2 bash -c \
      "exec 3<>/dev/tcp/$address/8002" 2>/dev/null && return 1
  done
  ! docker exec "$(container haproxy)" getent hosts admin
}
check "the administration's API comes up" quiet admin_comes_up
check "hardened as the rest" hardened admin
READS=$(new_api_token reports read)
WRITES=$(new_api_token desk read,write)
check "it wants a token" admin_status_is 401 wrong GET /admin/statistics
check "and answers to one" admin_counts_people
check "its scopes hold, and people are suspended by it" admin_suspends
check "which is on record" quiet admin_is_on_record
check "nobody reaches it from outside" admin_is_apart
quiet compose --profile admin rm -sf admin

# shellcheck shell=bash
# Whether all comes up by one command with a tenth of a core for each service, beside so many
# others that want all of both cores (HERMETIC_LOAD). Of run.sh, which takes this in by `source`.

starved() { compose -f tests/compose/starved.yml "$@"; }
make_busy() { # N
  local _
  for _ in $(seq "$1"); do
    (while :; do :; done) &
    busy+=($!)
  done
}
has_a_tenth() {
  local id
  for id in $(starved ps -q); do
    [ "$(docker inspect -f '{{.HostConfig.NanoCpus}}' "$id")" = 100000000 ] || return 1
  done
}
never_ended() { # each began once
  local id
  for id in $(starved ps -q); do
    [ "$(docker inspect -f '{{.RestartCount}}' "$id")" -eq 0 ] || {
      docker inspect -f '{{.Name}} began again' "$id" >&2
      return 1
    }
  done
}
comes_up() {
  local began=$SECONDS
  starved "${up[@]}" --wait-timeout 900 >"$WORK/up.log" 2>&1 || {
    tail -n 20 "$WORK/up.log" >&2
    return 1
  }
  say "up after $((SECONDS - began)) s, beside $1"
}
talks() {
  as alice register >/dev/null && as bob register >/dev/null &&
    SESSION=$(as alice create --invite bob --json | member session_id) &&
    as bob join "$SESSION" >/dev/null &&
    as alice send "$SESSION" "with little" >/dev/null && bob_reads "with little"
}

check "all comes up with a tenth of a core each" comes_up "nothing"
check "and no more" has_a_tenth
check "nothing began again" never_ended
check "HAProxy answers for a ready node" becomes 0 status_is 200 /readyz
check "people talk" talks
starved down -v >/dev/null 2>&1
rm -rf "$WORK/home"
make_busy "${HERMETIC_LOAD:-8}"
check "beside others that take all, too" comes_up "${#busy[@]} others"
check "nothing began again" never_ended
check "HAProxy answers for a ready node" becomes 0 status_is 200 /readyz
check "people talk" talks
starved down -v >/dev/null 2>&1

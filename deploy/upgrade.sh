#!/usr/bin/env bash
# From one version to the next while people talk: the schema first, then one
# node after the other, then what has no users of its own. The new image must be
# there already:
#
#   docker compose build && deploy/upgrade.sh
#   deploy/upgrade.sh back           to the image of before; the schema stays, since a
#                                    version runs with the next one's
#   deploy/upgrade.sh back schema    … and then the schema, too: what only the new
#                                    version knew of goes
#
# There is one node more than usual meanwhile. When a step fails, all that runs
# goes on, and it can be called again. The image of before is hermetic:before.
# Secrets that only the new version has are made first.
source "$(dirname "$(readlink -f "$0")")/common.sh"

image() { docker image inspect -f '{{.Id}}' "$1"; }
migrations() { docker run --rm --network none --entrypoint ls "$1" migrations; }
others() {
  up rotation mqtt-bridge mqtt-bridge-2
  say "done. A broker, HAProxy and PostgreSQL are left as they are."
}

# Where the certificate was a secret of its own, HAProxy has no folder for it, and would
# not start again with the configuration that there is now: it is made anew, once.
door() {
  local id
  id=$("${compose[@]}" ps -q haproxy)
  [ -n "$id" ] || return 0
  docker inspect -f '{{range .Mounts}}{{println .Destination}}{{end}}' "$id" |
    grep -x /run/tls >/dev/null || {
    say "HAProxy is made anew, once: it gets its certificate from a folder now."
    up --force-recreate haproxy
  }
}

# Which image a node has that is not the new one.
keep_before() {
  local node id
  for node in $("${compose[@]}" ps -q api); do
    id=$(docker inspect -f '{{.Image}}' "$node")
    [ "$id" = "$(image hermetic)" ] || docker tag "$id" hermetic:before
  done
}

go_back() {
  image hermetic:before >/dev/null || die "there is no image of before."
  [ "$(image hermetic)" = "$(image hermetic:before)" ] ||
    docker tag hermetic hermetic:undone
  docker tag hermetic:before hermetic
  exchange_nodes
  others
}

schema_back() {
  local n
  n=$(comm -23 <(migrations hermetic:undone) <(migrations hermetic:before) |
    grep -c '\.up\.sql$') || { say "the schema is of before."; return; }
  docker tag hermetic:undone hermetic # it knows the ways back
  "${compose[@]}" run --rm --no-deps -T migrate migrate down "$n" </dev/null ||
    { docker tag hermetic:before hermetic; die "the schema is of the new version."; }
  docker tag hermetic:before hermetic
}

case "${*:-}" in
  "")
    deploy/make-secrets.sh >/dev/null
    door
    keep_before
    "${compose[@]}" run --rm --no-deps -T migrate </dev/null ||
      die "the schema is as it was, and so are the nodes."
    exchange_nodes
    others
    ;;
  back) go_back ;;
  "back schema")
    go_back
    schema_back
    ;;
  *) die "nothing, back, or back schema; the beginning of this file says more." ;;
esac

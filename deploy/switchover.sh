#!/usr/bin/env bash
# The two databases of docker-compose.yml. When one goes, Patroni promotes the
# other by itself; this is for what a person wants:
#
#   deploy/switchover.sh             the other one becomes the primary, now
#   deploy/switchover.sh status      who is the primary, who follows, how far
#   deploy/switchover.sh restart     one after the other is made anew, with the image,
#                                    the settings and the secrets that there are now
#   deploy/switchover.sh renew NAME  the data of the one that follows is made
#                                    anew from the primary's
#   deploy/switchover.sh set NAME=VALUE  changes a setting of PostgreSQL at both; they
#                                    restart where the setting needs it (max_connections)
source "$(dirname "$(readlink -f "$0")")/common.sh"

# By whichever of the two runs.
patronictl() {
  local name
  for name in $(databases); do
    in_it "$name" patronictl -c /tmp/patroni.yml "$@" </dev/null
    return
  done
  die "neither database runs; see: ${compose[*]} ps --all"
}

# Until one leads, and the other one has all that is acknowledged.
wait_for_both() {
  local list
  for _ in $(seq 120); do
    list=$(patronictl list hermetic)
    [[ $list != *" Leader "* || $list != *" Sync Standby "* ]] || return 0
    sleep 1
  done
  echo "$list" >&2
  die "they are not two that follow one another."
}

# Asks again: one that was just made anew may not be reached at once, and is not taken. By
# a leader that is still in a network that the other one has left it is never reached: then
# it takes the leader's place when that stops.
switch_to() { # NAME
  for _ in $(seq 4); do
    patronictl switchover hermetic --force || true
    for _ in $(seq 5); do
      [ "$(leader)" != "$1" ] || return 0
      sleep 1
    done
  done
  say "$1 was not taken on request, and takes over when the other one stops."
}

restart() {
  local first other=standby
  first=$(the_leader)
  if ! has standby; then
    up --force-recreate postgres
    return
  fi
  [ "$first" = postgres ] || other=postgres
  wait_for_both
  up --force-recreate "$other"
  wait_for_both
  switch_to "$other" # who follows it only once it has its new secrets
  up --force-recreate "$first"
  wait_for_both
}

# How many of the two have a setting that they take when they restart.
pending() { patronictl list hermetic --format json | grep -o '"Pending restart": "\*"' | wc -l; }

# Each hears of a setting at its next turn (loop_wait): who restarts before that restarts with
# the old one. A follower keeps the greater max_connections until the leader has the smaller
# one, and restarts once more.
set_one() { # NAME=VALUE
  local count
  count=$(databases | wc -l)
  patronictl edit-config hermetic --force --pg "$1"
  for _ in $(seq 20); do
    [ "$(pending)" -lt "$count" ] || break
    sleep 1
  done
  for _ in 1 2 3; do
    [ "$(pending)" -gt 0 ] || break
    patronictl restart hermetic --force --pending
    wait_for_both
    for _ in $(seq 8); do
      [ "$(pending)" -gt 0 ] || break
      sleep 1
    done
  done
  [ "$(pending)" -eq 0 ] || die "$1 is not taken by both; see: deploy/switchover.sh status"
  wait_for_both
}

case ${1:-switch} in
  switch) patronictl switchover hermetic --force ;;
  status) patronictl list hermetic ;;
  restart) restart ;;
  renew) patronictl reinit hermetic "${2:?which one}" --force ;;
  set) set_one "${2:?which one}" ;;
  *) die "nothing, status, restart, renew NAME or set NAME=VALUE; the beginning of this file says more." ;;
esac

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

case ${1:-switch} in
  switch) patronictl switchover hermetic --force ;;
  status) patronictl list hermetic ;;
  restart) restart ;;
  renew) patronictl reinit hermetic "${2:?which one}" --force ;;
  *) die "nothing, status, restart or renew NAME; the beginning of this file says more." ;;
esac

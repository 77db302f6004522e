#!/usr/bin/env bash
# Other passwords for roles, and what has them starts anew, one after the other:
#
#   deploy/password.sh ROLE...  owner, api, rotation, mqtt, mqtt_bridge, admin; replication
#                               and postgres, the databases' own; patroni, its interface's
#
# `admin` lets the administration's API in, also for the first time. Until all have
# started anew those that run go on with the connections that they have. When it is cut
# off, call it again.
source "$(dirname "$(readlink -f "$0")")/common.sh"

[ $# -gt 0 ] || die "which role? The beginning of this file has them."
for role; do
  case $role in
    owner | api | rotation | mqtt | mqtt_bridge | admin) ;;
    replication | postgres | patroni) ;;
    *) die "$role is no role. The beginning of this file has them." ;;
  esac
done

one_by_one() { # SERVICE...: those that run
  local service
  for service; do
    ! runs "$service" || up --force-recreate "$service"
  done
}

first=$(the_leader)
for role; do
  rm -f "deploy/secrets/${role}_password"
  deploy/make-secrets.sh >/dev/null
  # Patroni's own is none of PostgreSQL's.
  [ "$role" = patroni ] || give_password "$first" "$role"
done
databases=
for role; do
  case $role in
    api) exchange_nodes ;;
    rotation | admin) one_by_one "$role" ;;
    mqtt) one_by_one mqtt mqtt-2 ;;
    mqtt_bridge) one_by_one mqtt-bridge mqtt-bridge-2 ;;
    owner) ;; # who migrates takes it when he is run
    *) databases=restart ;;
  esac
done
[ -z "$databases" ] || deploy/switchover.sh $databases
say "done; the passwords are in deploy/secrets."

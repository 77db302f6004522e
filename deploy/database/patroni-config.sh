#!/usr/bin/env bash
# Writes Patroni's configuration for the service $NAME to standard output. What
# stands below bootstrap.dcs is taken once, when there is no cluster yet; change it
# later with:
#   docker compose exec postgres patronictl -c /tmp/patroni.yml edit-config
set -euo pipefail

secret() { # NAME, as a scalar of YAML
  printf "'%s'" "$(sed "s/'/''/g" "/run/secrets/$1")"
}

# Of each the container's, whatever the cluster began with.
settings() {
  local setting
  while IFS= read -r setting; do
    printf "    %s: '%s'\n" "${setting%%=*}" "${setting#*=}"
  done
}

cat <<YAML
scope: hermetic
name: $NAME
etcd:
  hosts: etcd:2379,etcd-2:2379,etcd-3:2379
restapi:
  listen: 0.0.0.0:8008
  connect_address: $NAME:8008
  authentication: {username: patroni, password: $(secret patroni_password)}
bootstrap:
  # After ttl seconds without a word the primary is replaced.
  dcs:
    ttl: 20
    loop_wait: 5
    retry_timeout: 5
    maximum_lag_on_failover: 1048576
    primary_start_timeout: 0
    # What was committed is with the other one, too, before anybody is told so.
    # One that does not answer any more is not waited for, and is not promoted
    # before it has caught up.
    synchronous_mode: true
    # Without etcd the primary goes on for as long as the other one agrees.
    failsafe_mode: true
    postgresql:
      use_pg_rewind: true
      use_slots: true
      parameters:
        wal_log_hints: "on"
        max_connections: $PG_MAX_CONNECTIONS
  initdb:
    - encoding: UTF8
    - locale: C.UTF-8
    - auth-host: scram-sha-256
    - auth-local: trust
    - data-checksums
  post_bootstrap: bash /usr/local/lib/hermetic/roles.sh
postgresql:
  listen: 0.0.0.0:5432
  connect_address: $NAME:5432
  data_dir: /var/lib/hermetic/data/cluster
  bin_dir: /usr/lib/postgresql/15/bin
  pgpass: /tmp/pgpass
  use_unix_socket: true
  basebackup: {checkpoint: fast} # else a copy begins after minutes
  remove_data_directory_on_rewind_failure: true
  remove_data_directory_on_diverged_timelines: true
  parameters:
    unix_socket_directories: /run/postgresql
$(bash /usr/local/lib/hermetic/settings.sh | settings)
  authentication:
    superuser: {username: postgres, password: $(secret postgres_password)}
    replication:
      username: hermetic_replication
      password: $(secret replication_password)
  pg_hba:
    - local all all trust
    - host replication hermetic_replication all scram-sha-256
    - host all all all scram-sha-256
YAML
# What the primary has dropped, one that follows finds in the archive.
[ "${BACKUP:-no}" = no ] || cat <<'YAML'
  recovery_conf:
    restore_command: 'pgbackrest --config=/tmp/pgbackrest.conf --stanza=hermetic archive-get %f "%p"'
YAML

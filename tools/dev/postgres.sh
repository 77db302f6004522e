# The private PostgreSQL: var/pg, reached by a socket below var/ only.

# Of Debian 12, or of 13, once it is installed.
pgbin() {
  local bin=/usr/lib/postgresql/15/bin
  [ -d "$bin" ] || bin=/usr/lib/postgresql/17/bin
  printf %s "$bin"
}

postgres_url() { # ROLE PASSWORD
  printf 'postgresql://%s:%s@/hermetic?host=%s' "$1" "$2" "$PGSOCKET"
}

postgres_psql() { # ARGUMENTS
  PGPASSWORD=$HERMETIC_POSTGRES_PASSWORD psql -X -q -v ON_ERROR_STOP=1 \
    -h "$PGSOCKET" -U postgres "$@"
}

# A socket's path holds at most 107 bytes, so a deep clone has it in /tmp.
postgres_socket_dir() {
  PGSOCKET=$VAR/sock
  if [ "${#PGSOCKET}" -gt 80 ]; then
    PGSOCKET=$(cat "$VAR/run/sock" 2>/dev/null || true)
    if [ ! -d "$PGSOCKET" ]; then
      PGSOCKET=$(mktemp -d /tmp/hermetic.XXXXXXXX)
      rmdir "$PGSOCKET"
      printf '%s\n' "$PGSOCKET" >"$VAR/run/sock"
    fi
  fi
  service_dir "$PGSOCKET"
  # The migration runs as root, the API as the service user: both pass.
}

postgres_init() {
  step "Making a PostgreSQL cluster in var/pg."
  rm -rf "$VAR/pg.new"
  service_dir "$VAR/pg.new"
  printf '%s\n' "$HERMETIC_POSTGRES_PASSWORD" >"$VAR/pg.new/password"
  chmod 0644 "$VAR/pg.new/password" # in a directory of mode 0700
  (cd "$VAR/pg.new" && umask 077 && LC_ALL=C.UTF-8 "${RUN_AS[@]}" \
    "$(pgbin)/initdb" -D data -U postgres --pwfile=password \
    --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8) \
    >"$VAR/log/initdb.log" 2>&1 || {
    tail -n 5 "$VAR/log/initdb.log" >&2
    die "initdb failed; its last words stand above."
  }
  rm "$VAR/pg.new/password"
  mv "$VAR/pg.new" "$VAR/pg"
}

postgres_start() {
  [ -d "$VAR/pg" ] || postgres_init
  step "Starting PostgreSQL."
  (cd "$VAR/pg" && exec setsid "${RUN_AS[@]}" "$(pgbin)/postgres" \
    -D "$VAR/pg/data" -c listen_addresses= \
    -c unix_socket_directories="$PGSOCKET" \
    -c unix_socket_permissions=0700 9>&-) \
    </dev/null >>"$VAR/log/postgres.log" 2>&1 &
  pid_write "$VAR/run/postgres.pid" $!
  postgres_await
  postgres_roles
}

postgres_await() {
  local tenths=600
  until "$(pgbin)/pg_isready" -q -h "$PGSOCKET"; do
    tenths=$((tenths - 1))
    if [ "$tenths" -eq 0 ] || ! pid_alive "$VAR/run/postgres.pid" >/dev/null
    then
      tail -n 5 "$VAR/log/postgres.log" >&2
      die "PostgreSQL did not start; its last words stand above."
    fi
    sleep 0.1
  done
}

# The owner of the schema and the API's own role; the migrations grant.
postgres_roles() {
  HERMETIC_OWNER_PASSWORD=$HERMETIC_OWNER_PASSWORD \
    HERMETIC_API_PASSWORD=$HERMETIC_API_PASSWORD \
    HERMETIC_ROTATION_PASSWORD=$HERMETIC_ROTATION_PASSWORD \
    HERMETIC_MQTT_PASSWORD=$HERMETIC_MQTT_PASSWORD \
    HERMETIC_MQTT_BRIDGE_PASSWORD=$HERMETIC_MQTT_BRIDGE_PASSWORD \
    postgres_psql -d postgres -f deploy/roles.sql
}

# Fast shutdown: sessions are cut, nothing is lost.
postgres_stop() {
  pid_stop "$VAR/run/postgres.pid" INT 30
}

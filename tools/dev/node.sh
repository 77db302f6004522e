# One API node: Kore with our module, on localhost.

# A setting of the environment, or else of the clone's .env.
setting() { # NAME DEFAULT
  local value=${!1:-}
  if [ -z "$value" ] && [ -f "$ROOT/.env" ]; then
    value=$(sed -n "s/^$1=[\"']\?\([^\"']*\).*/\1/p" "$ROOT/.env" | head -n 1)
  fi
  printf '%s\n' "${value:-$2}"
}

PORT=$(setting HERMETIC_PORT 8000)
WORKERS=$(setting HERMETIC_WORKERS 2)
WEB=$(setting HERMETIC_WEB 1)

# Each made once; the file stays with the state that its keys open.
secrets_load() {
  local file=$VAR/secrets.env name value
  (
    umask 077
    exec >"$file.new"
    [ -s "$file" ] ||
      printf '# Made by ./dev for the cluster beside it. Keep it to you.\n'
    cat "$file" 2>/dev/null || true
    for name in POSTGRES_PASSWORD OWNER_PASSWORD API_PASSWORD \
      ROTATION_PASSWORD MQTT_PASSWORD MQTT_BRIDGE_PASSWORD \
      MQTT_BRIDGE_SECRET MQTT_KEYS_SECRET KEK; do
      ! grep -q "^HERMETIC_$name=" "$file" 2>/dev/null || continue
      case $name in
        KEK) value=$(random_base64 32) ;;
        *) value=$(random_hex 24) ;;
      esac
      printf 'HERMETIC_%s=%s\n' "$name" "$value"
    done
  )
  mv "$file.new" "$file"
  . "$file"
}

node_migrate() {
  step "Migrating the database."
  HERMETIC_DATABASE_URL=$(postgres_url hermetic_owner \
    "$HERMETIC_OWNER_PASSWORD") "$BUILD/hermetic-migrate" up \
    >"$VAR/log/migrate.log" 2>&1 || {
    tail -n 5 "$VAR/log/migrate.log" >&2
    die "the migration failed; its last words stand above."
  }
}

# Kore runs in a directory of its own with a copy of the module, so that a
# build beside a running node changes nothing under its feet.
node_start() {
  step "Starting the API with $WORKERS Kore workers on localhost:$PORT."
  service_settings node <<END
HERMETIC_DATABASE_URL=$(postgres_url hermetic_api "$HERMETIC_API_PASSWORD")
HERMETIC_KEK=$HERMETIC_KEK
HERMETIC_MQTT_KEYS_SECRET=$HERMETIC_MQTT_KEYS_SECRET
HERMETIC_HOST=127.0.0.1
HERMETIC_PORT=$PORT
HERMETIC_DRAIN_SECONDS=0
HERMETIC_WEB=$WEB
HERMETIC_WEB_DIRECTORY=$VAR/node/web
END
  install -m 0644 "$BUILD/hermetic.so" "$VAR/node/hermetic.so"
  page_put "$VAR/node/web"
  sed 's|^\(\s*load\s\+\)[^ ]*hermetic\.so|\1./hermetic.so|' kore.conf \
    >"$VAR/node/kore.conf"
  service_start node node kore -c kore.conf -f -n -r
  node_await
}

node_is_ready() {
  local status=
  exec 3<>"/dev/tcp/127.0.0.1/$PORT" || return 1
  printf 'GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' \
    >&3
  read -r -t 5 _ status _ <&3 || true
  exec 3>&-
  [ "$status" = 200 ]
}

node_await() {
  local tenths=300
  until node_is_ready 2>/dev/null; do
    tenths=$((tenths - 1))
    if [ "$tenths" -eq 0 ] || ! pid_alive "$VAR/run/node.pid" >/dev/null; then
      tail -n 15 "$VAR/log/node.log" >&2
      die "the API did not get ready; its last words stand above."
    fi
    sleep 0.1
  done
}

node_stop() {
  service_stop node node
}

# The MQTT broker with our plugin, and the bridge that clients connect to
# (docs/mqtt.md).

MQTT_PORT=$(setting HERMETIC_MQTT_PORT $((PORT + 1)))

# The socket's path is short as seen from the directory that both work in.
mqtt_start() {
  step "Starting the MQTT broker and its bridge on localhost:$MQTT_PORT."
  service_settings mqtt <<END
HERMETIC_MQTT_DATABASE_URL=$(postgres_url hermetic_mqtt \
    "$HERMETIC_MQTT_PASSWORD")
HERMETIC_MQTT_BRIDGE_DATABASE_URL=$(postgres_url hermetic_mqtt_bridge \
    "$HERMETIC_MQTT_BRIDGE_PASSWORD")
HERMETIC_MQTT_BRIDGE_SECRET=$HERMETIC_MQTT_BRIDGE_SECRET
HERMETIC_MQTT_KEYS_SECRET=$HERMETIC_MQTT_KEYS_SECRET
HERMETIC_MQTT_SOCKET=./mqtt.sock
HERMETIC_MQTT_HOST=127.0.0.1
HERMETIC_MQTT_PORT=$MQTT_PORT
END
  install -m 0644 "$BUILD/hermetic_mqtt.so" "$VAR/mqtt/hermetic_mqtt.so"
  install -m 0755 "$BUILD/hermetic-mqtt-bridge" "$VAR/mqtt/"
  sed -e 's|^plugin .*|plugin ./hermetic_mqtt.so|' \
    -e 's|/var/lib/hermetic/mqtt/|./|' -e 's|/run/hermetic/mqtt.sock|./mqtt.sock|' \
    deploy/mosquitto.conf >"$VAR/mqtt/mosquitto.conf"
  chmod 0644 "$VAR/mqtt/mosquitto.conf"
  rm -f "$VAR/mqtt/mqtt.sock"
  service_start mqtt mqtt mosquitto -c mosquitto.conf
  service_start mqtt_bridge mqtt ./hermetic-mqtt-bridge
  mqtt_await
}

mqtt_await() {
  local tenths=300
  until [ -S "$VAR/mqtt/mqtt.sock" ] && port_is_busy "$MQTT_PORT"; do
    tenths=$((tenths - 1))
    if [ "$tenths" -eq 0 ] || ! pid_alive "$VAR/run/mqtt.pid" >/dev/null ||
      ! pid_alive "$VAR/run/mqtt_bridge.pid" >/dev/null; then
      tail -n 5 "$VAR/log/mqtt.log" "$VAR/log/mqtt_bridge.log" >&2
      die "MQTT did not get ready; its last words stand above."
    fi
    sleep 0.1
  done
}

mqtt_stop() {
  service_stop mqtt_bridge mqtt
  service_stop mqtt mqtt
}

# The rotation worker, under its own role.

rotation_settings() {
  printf 'HERMETIC_ROTATION_DATABASE_URL=%s\n' "$(postgres_url \
    hermetic_rotation "$HERMETIC_ROTATION_PASSWORD")"
  printf 'HERMETIC_KEK=%s\n' "$HERMETIC_KEK"
  env | grep '^HERMETIC_' || true
  [ ! -f "$ROOT/.env" ] || cat "$ROOT/.env"
}

rotation_start() {
  step "Starting the rotation worker."
  service_dir "$VAR/rotation"
  install -m 0755 "$BUILD/hermetic-rotation" "$VAR/rotation/hermetic-rotation"
  (umask 077 && rotation_settings >"$VAR/rotation/.env")
  [ "${#RUN_AS[@]}" -eq 0 ] || chown "$SERVICE_USER" "$VAR/rotation/.env"
  (cd "$VAR/rotation" && exec env -i PATH="$PATH" LANG=C.UTF-8 \
    setsid "${RUN_AS[@]}" ./hermetic-rotation 9>&-) \
    </dev/null >"$VAR/log/rotation.log" 2>&1 &
  pid_write "$VAR/run/rotation.pid" $!
}

rotation_stop() {
  pid_stop "$VAR/run/rotation.pid" TERM 15 "$VAR/rotation"
}

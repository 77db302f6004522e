# The rotation worker, under its own role.

rotation_start() {
  step "Starting the rotation worker."
  service_settings rotation <<END
HERMETIC_ROTATION_DATABASE_URL=$(postgres_url hermetic_rotation \
    "$HERMETIC_ROTATION_PASSWORD")
HERMETIC_KEK=$HERMETIC_KEK
END
  install -m 0755 "$BUILD/hermetic-rotation" "$VAR/rotation/hermetic-rotation"
  service_start rotation rotation ./hermetic-rotation
}

rotation_stop() {
  service_stop rotation rotation
}

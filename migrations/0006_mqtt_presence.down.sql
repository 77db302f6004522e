SET LOCAL search_path = hermetic;

REVOKE SELECT, INSERT ON presence FROM hermetic_mqtt_bridge;
REVOKE UPDATE (seen_at) ON presence FROM hermetic_mqtt_bridge;
REVOKE SELECT (device_id) ON device FROM hermetic_mqtt_bridge;

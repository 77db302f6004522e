SET LOCAL search_path = hermetic;

REVOKE SELECT ON history_floor FROM hermetic_mqtt_bridge;
DROP FUNCTION has_view;

-- Who is connected by MQTT can be asked to renew keys, too: the bridge says
-- who is there.

SET LOCAL search_path = hermetic;

GRANT SELECT, INSERT ON presence TO hermetic_mqtt_bridge;
GRANT UPDATE (seen_at) ON presence TO hermetic_mqtt_bridge;
GRANT SELECT (device_id) ON device TO hermetic_mqtt_bridge;

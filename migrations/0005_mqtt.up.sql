-- What MQTT's two processes may do: the broker's plugin reads who may do what,
-- and no message; the bridge stores and reads messages, by the writer's
-- statement. The roles belong to the cluster (deploy/roles.sql).

SET LOCAL search_path = hermetic;

GRANT USAGE ON SCHEMA hermetic TO hermetic_mqtt, hermetic_mqtt_bridge;

GRANT SELECT (kid, public_jwk, retired_at) ON signing_key TO hermetic_mqtt;
GRANT SELECT (family_id, revoked_at) ON token_family TO hermetic_mqtt;
GRANT SELECT (session_id, epoch) ON session TO hermetic_mqtt;
GRANT SELECT ON active_member TO hermetic_mqtt;

GRANT SELECT ON session, rotation, active_member, message
  TO hermetic_mqtt_bridge;
GRANT UPDATE (last_seq, head) ON session TO hermetic_mqtt_bridge;
GRANT INSERT ON message, rotation TO hermetic_mqtt_bridge;
GRANT SELECT (welcome_id, session_id, device_id, created_at) ON welcome
  TO hermetic_mqtt_bridge;
GRANT EXECUTE ON FUNCTION chain_next TO hermetic_mqtt_bridge;
GRANT EXECUTE ON FUNCTION chain TO hermetic_mqtt_bridge;

SET LOCAL search_path = hermetic;

REVOKE ALL ON ALL TABLES IN SCHEMA hermetic
  FROM hermetic_mqtt, hermetic_mqtt_bridge;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA hermetic
  FROM hermetic_mqtt, hermetic_mqtt_bridge;
REVOKE USAGE ON SCHEMA hermetic FROM hermetic_mqtt, hermetic_mqtt_bridge;
REVOKE SELECT (kid, public_jwk, retired_at) ON signing_key FROM hermetic_mqtt;
REVOKE SELECT (family_id, revoked_at) ON token_family FROM hermetic_mqtt;
REVOKE SELECT (session_id, epoch) ON session FROM hermetic_mqtt;
REVOKE UPDATE (last_seq, head) ON session FROM hermetic_mqtt_bridge;
REVOKE SELECT (welcome_id, session_id, device_id, created_at) ON welcome
  FROM hermetic_mqtt_bridge;

-- What the API may do, and nothing else. The role itself belongs to the
-- cluster: hermetic-migrate makes it where it is missing.

SET LOCAL search_path = hermetic;

GRANT USAGE ON SCHEMA hermetic TO hermetic_api;

GRANT SELECT, INSERT ON account TO hermetic_api;
GRANT SELECT, INSERT ON device TO hermetic_api;
GRANT UPDATE (removed_at) ON device TO hermetic_api;
GRANT SELECT, INSERT ON token_family TO hermetic_api;
GRANT UPDATE (revoked_at) ON token_family TO hermetic_api;
GRANT SELECT, INSERT ON refresh_token TO hermetic_api;
GRANT UPDATE (used_at) ON refresh_token TO hermetic_api;
GRANT SELECT, INSERT ON signing_key TO hermetic_api;
GRANT SELECT, INSERT, DELETE ON key_package TO hermetic_api;
-- FOR UPDATE needs the right to update some column.
GRANT UPDATE (created_at) ON key_package TO hermetic_api;
GRANT SELECT, INSERT ON session TO hermetic_api;
GRANT UPDATE (epoch, last_seq, head) ON session TO hermetic_api;
GRANT SELECT, INSERT ON group_info TO hermetic_api;
GRANT UPDATE (epoch, group_info) ON group_info TO hermetic_api;
GRANT SELECT, INSERT, DELETE ON session_member TO hermetic_api;
GRANT SELECT, INSERT, DELETE ON invitation TO hermetic_api;
-- A message, once there, can be neither changed nor removed by the API.
GRANT SELECT, INSERT ON message TO hermetic_api;
GRANT SELECT, INSERT, DELETE ON welcome TO hermetic_api;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA hermetic FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA hermetic TO hermetic_api;

SET LOCAL search_path = hermetic;

DROP FUNCTION admin_token;
DROP FUNCTION admin_sign_out;
DROP FUNCTION admin_suspend;
DROP FUNCTION audit_append;
DROP TABLE audit_end;
DROP TABLE audit;
DROP TABLE registration_token;
REVOKE SELECT (user_id, username, created_at, suspended_at) ON account
  FROM hermetic_rotation;
ALTER TABLE account DROP COLUMN suspended_at;

-- What the role of the administration's API may do. deploy/admin-role.sql makes that role,
-- perhaps after the schema, perhaps never. A change that adds a statement of the
-- administration adds the grant for the statement here.
CREATE OR REPLACE FUNCTION admin_grants()
RETURNS void LANGUAGE plpgsql SET search_path = hermetic AS $$
BEGIN
  IF to_regrole('hermetic_admin') IS NULL THEN
    RETURN;
  END IF;
  GRANT USAGE ON SCHEMA hermetic TO hermetic_admin;
  GRANT SELECT (user_id, username, created_at, suspended_at, erased_at) ON account
    TO hermetic_admin;
  GRANT SELECT ON device, presence, active_member, session, rotation, worker_action,
    audit, audit_end, registration_token TO hermetic_admin;
  REVOKE ALL ON admin_api_token FROM hermetic_admin;
  GRANT SELECT (signs_at, retired_at) ON signing_key TO hermetic_admin;
  GRANT EXECUTE ON FUNCTION admin_suspend, admin_sign_out, admin_erase, admin_export,
    admin_sessions, admin_session_end, admin_device_end, admin_limits,
    admin_limits_reset, admin_statistics, admin_token, admin_token_end,
    admin_api_token_find, audit_subject TO hermetic_admin;
END $$;

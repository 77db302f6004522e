SET LOCAL search_path = hermetic;

DROP FUNCTION admin_erase, admin_export, admin_sessions, admin_session_end;
ALTER TABLE account DROP COLUMN erased_at;

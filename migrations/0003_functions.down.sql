SET LOCAL search_path = hermetic;

DROP FUNCTION rotate_refresh_token;
DROP FUNCTION append_commit;
DROP FUNCTION may_join;
DROP FUNCTION free_leaf;
DROP FUNCTION create_session;

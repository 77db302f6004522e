SET LOCAL search_path = hermetic;

DROP FUNCTION append_account_link;
DROP TABLE account_link;
DROP TABLE account_log;

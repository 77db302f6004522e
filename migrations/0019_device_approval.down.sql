SET LOCAL search_path = hermetic;

DROP FUNCTION take_account_link;
DROP FUNCTION end_device;
DELETE FROM account_link WHERE fingerprint IN
  (SELECT fingerprint FROM account_log WHERE replaced_at IS NOT NULL);
DROP TABLE device_request;
UPDATE device SET removed_at = coalesce(removed_at, now()) WHERE pending;
ALTER TABLE device DROP CONSTRAINT device_in_log, DROP COLUMN pending,
  DROP COLUMN link_number, DROP COLUMN fingerprint;
DELETE FROM account_log WHERE replaced_at IS NOT NULL;
DROP INDEX account_log_of_any;
DROP INDEX account_log_of_user;
ALTER TABLE account_log DROP COLUMN replaced_at;
ALTER TABLE account_log ADD CONSTRAINT account_log_user_id_key UNIQUE (user_id);
REVOKE UPDATE ON account_log FROM hermetic_api;

SET LOCAL search_path = hermetic;

ALTER TABLE key_package DROP COLUMN of_account;

SET LOCAL search_path = hermetic;

ALTER TABLE message DROP COLUMN origin;

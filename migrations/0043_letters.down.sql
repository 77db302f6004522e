SET LOCAL search_path = hermetic;

ALTER TABLE invitation DROP COLUMN letter;

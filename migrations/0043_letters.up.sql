-- What who invites gives the invited person (docs/adr/0059): signed by a device of that
-- account, and opaque here.
SET LOCAL search_path = hermetic;

ALTER TABLE invitation ADD COLUMN letter bytea CHECK (length(letter) <= 1024);
GRANT UPDATE (letter) ON invitation TO hermetic_api;

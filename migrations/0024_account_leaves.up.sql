-- A leaf names a device of an account by fingerprint and number (docs/adr/0031).

SET LOCAL search_path = hermetic;

-- Whether a KeyPackage's identity is that; those of before name the user.
ALTER TABLE key_package ADD COLUMN of_account boolean NOT NULL DEFAULT false;

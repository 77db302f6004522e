-- A letter of each account that invites somebody (docs/adr/0059): none of them keeps out
-- another one's.
SET LOCAL search_path = hermetic;

-- fingerprint: the account that has given the letter, which nobody else can name.
CREATE TABLE invitation_letter (
  session_id  uuid NOT NULL,
  user_id     uuid NOT NULL,
  fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
  invited_by  uuid NOT NULL REFERENCES account ON DELETE CASCADE,
  letter      bytea NOT NULL CHECK (length(letter) <= 1024),
  given_at    timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, session_id, fingerprint),
  FOREIGN KEY (user_id, session_id) REFERENCES invitation (user_id, session_id)
    ON DELETE CASCADE
);
CREATE INDEX invitation_letter_by ON invitation_letter (invited_by);
GRANT SELECT, INSERT, DELETE ON invitation_letter TO hermetic_api;
GRANT UPDATE (letter, given_at) ON invitation_letter TO hermetic_api;

-- invitation.letter stays for nodes of before, and is the newest one. It may be another
-- member's than invited_by, who was the first. The 32 bytes at 90 name its account: a letter
-- that names another one is left out, as only a login says who has given it.
INSERT INTO invitation_letter (session_id, user_id, fingerprint, invited_by, letter)
  SELECT i.session_id, i.user_id, l.fingerprint, i.invited_by, i.letter
  FROM invitation i
  JOIN account_log l ON l.user_id = i.invited_by AND l.replaced_at IS NULL
  WHERE substring(i.letter FROM 90 FOR 32) = l.fingerprint;

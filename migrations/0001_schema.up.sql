-- Accounts, devices, KeyPackages, sessions and their logs. Ids are chosen by
-- the node or the client; times are set by the database.

CREATE SCHEMA hermetic;
SET LOCAL search_path = hermetic;

CREATE TABLE account (
  user_id       uuid PRIMARY KEY,
  username      text NOT NULL UNIQUE CHECK (username ~ '^[a-z0-9._-]{1,32}$'),
  salt          bytea NOT NULL,
  password_hash bytea NOT NULL,
  cost_n        bigint NOT NULL,
  cost_r        integer NOT NULL,
  cost_p        integer NOT NULL,
  created_at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE device (
  device_id  uuid PRIMARY KEY,
  user_id    uuid NOT NULL REFERENCES account,
  name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
  created_at timestamptz NOT NULL DEFAULT now(),
  removed_at timestamptz
);
CREATE INDEX device_of_user ON device (user_id) WHERE removed_at IS NULL;

-- One row per login; revoking it ends every token that came from it.
CREATE TABLE token_family (
  family_id  uuid PRIMARY KEY,
  device_id  uuid NOT NULL REFERENCES device,
  created_at timestamptz NOT NULL DEFAULT now(),
  revoked_at timestamptz
);
CREATE INDEX token_family_of_device ON token_family (device_id);

CREATE TABLE refresh_token (
  token_hash bytea PRIMARY KEY,   -- SHA-256; the token itself is never here
  family_id  uuid NOT NULL REFERENCES token_family,
  expires_at timestamptz NOT NULL,
  used_at    timestamptz
);
CREATE INDEX refresh_token_of_family ON refresh_token (family_id);

CREATE TABLE signing_key (
  kid         text PRIMARY KEY,
  ordinal     integer NOT NULL UNIQUE, -- nodes that start together: one wins
  public_jwk  text NOT NULL,
  wrapped_key bytea NOT NULL,     -- RFC 5649 under the key-encryption key
  created_at  timestamptz NOT NULL DEFAULT now(),
  retired_at  timestamptz
);

CREATE TABLE key_package (
  key_package_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  device_id      uuid NOT NULL REFERENCES device,
  algorithm      text NOT NULL,
  ref            bytea NOT NULL UNIQUE,  -- SHA-256 of its bytes
  key_package    bytea NOT NULL,
  last_resort    boolean NOT NULL,
  created_at     timestamptz NOT NULL DEFAULT now(),
  expires_at     timestamptz NOT NULL
);
CREATE INDEX key_package_to_claim
  ON key_package (device_id, algorithm, last_resort, key_package_id);

-- fillfactor: last_seq and head change with every batch of messages; room in
-- the page keeps those updates off the indexes.
CREATE TABLE session (
  session_id  uuid PRIMARY KEY,
  algorithm   text NOT NULL,
  creator     uuid NOT NULL REFERENCES account,
  join_policy text NOT NULL CHECK (join_policy IN ('invited', 'open')),
  epoch       bigint NOT NULL,
  last_seq    bigint NOT NULL,
  head        bytea NOT NULL CHECK (length(head) = 32),
  created_at  timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

-- Apart from `session`: it is large and changes once an epoch.
CREATE TABLE group_info (
  session_id uuid PRIMARY KEY REFERENCES session,
  epoch      bigint NOT NULL,
  group_info bytea NOT NULL
);

CREATE TABLE session_member (
  session_id uuid NOT NULL REFERENCES session,
  device_id  uuid NOT NULL REFERENCES device,
  leaf_index integer NOT NULL CHECK (leaf_index >= 0),
  PRIMARY KEY (session_id, device_id),
  UNIQUE (session_id, leaf_index) DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX session_member_of_device ON session_member (device_id, session_id);

CREATE TABLE invitation (
  session_id uuid NOT NULL REFERENCES session,
  user_id    uuid NOT NULL REFERENCES account,
  invited_by uuid NOT NULL REFERENCES account,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, session_id)
);
CREATE INDEX invitation_of_session ON invitation (session_id);

-- The log. Envelopes are ciphertext: compressing them is wasted work.
CREATE TABLE message (
  session_id uuid NOT NULL,
  seq        bigint NOT NULL,
  kind       smallint NOT NULL CHECK (kind IN (1, 2)),
  epoch      bigint NOT NULL,
  sender     uuid NOT NULL,
  nonce      bytea NOT NULL CHECK (length(nonce) = 16),
  envelope   bytea NOT NULL,
  head       bytea NOT NULL,
  sent_at    timestamptz NOT NULL,
  PRIMARY KEY (session_id, seq)
);
ALTER TABLE message ALTER COLUMN envelope SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX message_nonce ON message (session_id, nonce);

CREATE TABLE welcome (
  welcome_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  session_id uuid NOT NULL REFERENCES session,
  device_id  uuid NOT NULL REFERENCES device,
  seq        bigint NOT NULL,
  head       bytea NOT NULL,
  welcome    bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX welcome_of_device ON welcome (device_id, created_at);

-- The next head of a session's chain (docs/protocol.md, "Transcript").
CREATE FUNCTION chain_next(head bytea, seq bigint, kind smallint, bytes bytea)
RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT sha256('hermetic chain 1'::bytea || head || int8send(seq)
                || substring(int2send(kind) FROM 2) || bytes)
$$;

CREATE FUNCTION chain_step(state bytea, start bytea, seq bigint, kind smallint,
                           bytes bytea)
RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT sha256('hermetic chain 1'::bytea || coalesce(state, start)
                || int8send(seq) || substring(int2send(kind) FROM 2) || bytes)
$$;

-- Over a window ordered by seq it gives every head of a batch.
CREATE AGGREGATE chain(start bytea, seq bigint, kind smallint, bytes bytea) (
  SFUNC = chain_step,
  STYPE = bytea
);

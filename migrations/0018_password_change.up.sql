-- A password can be changed: by who knows the old one (sql/account_password_change.sql).

SET LOCAL search_path = hermetic;

GRANT UPDATE (salt, password_hash, cost_n, cost_r, cost_p) ON account
  TO hermetic_api;

SET LOCAL search_path = hermetic;

REVOKE UPDATE (salt, password_hash, cost_n, cost_r, cost_p) ON account
  FROM hermetic_api;

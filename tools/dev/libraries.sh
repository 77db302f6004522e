# npm packages: clients for the tests.

# What the lock file says is installed once; then it takes no network.
test_libraries() {
  local lock=tests/package-lock.json mark=tests/node_modules/.of-this-lock
  cmp -s "$lock" "$mark" && return
  step "Fetching the test libraries of $lock."
  (cd tests && npm ci --no-audit --no-fund --loglevel=error --prefer-offline \
    >/dev/null) ||
    die "npm ci failed in tests/; npm's words stand above."
  cp "$lock" "$mark"
}

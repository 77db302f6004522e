# The page for browsers. Building its module takes minutes the first time (OpenSSL), so this is
# done beside the servers, which have a page that says so meanwhile.

PAGE_STATE= # built, building, failed; of the page that the node serves

page_begin() {
  if [ "$WEB" = 0 ] || make --no-print-directory -s -q web >/dev/null 2>&1; then
    PAGE_STATE=built
    return
  fi
  PAGE_STATE=building
  step "Building build/web, the page, beside the servers ($VAR/log/page.log)."
  setsid nice make --no-print-directory -s -j"$(nproc)" web </dev/null \
    >"$VAR/log/page.log" 2>&1 9>&- &
  PAGE_BUILD=$!
  pid_write "$VAR/run/page.pid" "$PAGE_BUILD"
}

page_stop() {
  pid_stop "$VAR/run/page.pid" TERM 15 "$ROOT"
}

# What the node is to serve, in DIRECTORY.
page_put() { # DIRECTORY
  local words="The page is being built, which takes some minutes the first time. It comes here by itself."
  rm -rf "$1"
  [ "$WEB" != 0 ] || return 0
  if [ "$PAGE_STATE" = built ]; then
    cp -R build/web "$1"
    return
  fi
  [ "$PAGE_STATE" = building ] ||
    words="The page could not be built; var/log/page.log says why. All else is there."
  cp -R tools/dev/waiting "$1"
  sed -i "s|{{words}}|$words|" "$1/index.html"
}

# Whether the build has ended since; then PAGE_STATE says how. It takes the sources of
# libraries from Debian, which may be out of reach: then there is no page, and all else.
page_has_ended() {
  [ "$PAGE_STATE" = building ] &&
    ! pid_alive "$VAR/run/page.pid" >/dev/null || return 1
  if wait "$PAGE_BUILD"; then
    PAGE_STATE=built
    say "The page is there: http://localhost:$PORT"
  else
    PAGE_STATE=failed
    tail -n 5 "$VAR/log/page.log" >&2
    say "The page cannot be built; the last words stand above. There is none this time."
  fi
}

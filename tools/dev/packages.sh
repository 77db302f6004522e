# Debian packages: what is missing, and how it gets here.

as_root() {
  if [ "$EUID" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# A Node.js that is here already serves as well as Debian's.
have_node() {
  local version
  command -v npm >/dev/null && version=$(node --version 2>/dev/null) &&
    version=${version#v} && [ "${version%%.*}" -ge 18 ]
}

distribution() { # debian 12
  (. /etc/os-release 2>/dev/null && printf '%s %s' "${ID:-unknown}" \
    "${VERSION_ID:-}") || true
}

packages_missing() { # STAGE...
  local stage name in_13 wanted=" $* "
  while read -r stage name in_13; do
    case $wanted in *" $stage "*) ;; *) continue ;; esac
    [ "$DISTRIBUTION" != "debian 13" ] || name=${in_13:-$name}
    case $name in nodejs | npm) have_node && continue ;; esac
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = \
      installed ] || printf '%s ' "$name"
  done < <(sed '/^#/d' "$ROOT/tools/packages.txt")
}

# Debian's package would start a cluster of its own on the standard port. We
# want the programs only, so for the time of the installation it is told not to.
MAIN_CLUSTER_CONF=/etc/postgresql-common/createcluster.d/hermetic.conf

install_postgresql() { # PACKAGE
  apt_install postgresql-common || return 1
  as_root mkdir -p "$(dirname "$MAIN_CLUSTER_CONF")"
  printf 'create_main_cluster = false\n' |
    as_root tee "$MAIN_CLUSTER_CONF" >/dev/null
  apt_install "$1" || return 1
  as_root rm -f "$MAIN_CLUSTER_CONF"
}

# Nor do the others' services start, which would take ports of this machine.
apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive sh -c '
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
      trap "rm -f $policy" EXIT
      trap "exit 1" INT TERM
      printf "#!/bin/sh\nexit 101\n" >$policy
      chmod 0755 $policy
    fi
    apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -qq -y install \
      --no-install-recommends "$@"' sh "$@" >>"$LOG" 2>&1
}

# An update that reached no source is none that failed, for apt-get: it warns. (sudo may have
# words of its own there.)
no_kore() {
  if grep -q '^W: .*[Ff]ailed to ' "$LOG"; then
    tail -n 5 "$LOG" >&2
    die "apt-get update did not get all lists, and there is no kore in those that are" \
      "here; its last words stand above. Is there a network?"
  fi
  [ "$DISTRIBUTION" = "debian 13" ] || die "$DISTRIBUTION has kore, and apt's sources" \
    "do not: main of Debian's own has to be among them (/etc/apt)."
  die "$DISTRIBUTION has no kore here. Debian 12's fits 13: docs/operations.md, \"As Debian" \
    "packages\", has the pin that lets that one in; then try again."
}

packages_ensure() { # STAGE...
  local name
  DISTRIBUTION=$(distribution)
  command -v dpkg-query >/dev/null || die "Debian 12 is needed for its" \
    "packages; there is no dpkg-query here (this is $DISTRIBUTION)."
  MISSING=$(packages_missing "$@")
  MISSING=${MISSING% }
  [ -n "$MISSING" ] || return 0

  case $DISTRIBUTION in
    "debian 12" | "debian 13") ;;
    *) die "these packages are missing, and only Debian 12's and 13's are" \
      "known to fit (this is $DISTRIBUTION): $MISSING" ;;
  esac
  command -v apt-get >/dev/null ||
    die "apt-get was not found, and these packages are missing: $MISSING"
  [ "$EUID" -eq 0 ] || command -v sudo >/dev/null ||
    die "installing packages takes root or sudo. Where root runs ./dev in this clone, it" \
      "installs them and goes on as you. These are missing: $MISSING"
  step "Installing Debian packages (a few minutes the first time): $MISSING"
  LOG=$(mktemp)
  if ! as_root apt-get -o DPkg::Lock::Timeout=300 -qq update >"$LOG" 2>&1; then
    tail -n 5 "$LOG" >&2
    die "apt-get update failed; its last words stand above."
  fi
  case " $MISSING " in
    *" kore "*) apt-get -qq -s install kore >/dev/null 2>&1 || no_kore ;;
  esac
  for name in postgresql-15 postgresql-17; do
    case " $MISSING " in *" $name "*) install_postgresql "$name" ;; esac
  done
  # shellcheck disable=SC2086 # a list of words
  if ! apt_install $MISSING; then
    tail -n 20 "$LOG" >&2
    die "apt-get install failed; its last words stand above."
  fi
  rm -f "$LOG"
}

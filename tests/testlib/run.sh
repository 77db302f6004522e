# shellcheck shell=bash
# What runs have in common that take root, minutes and a folder of their own. Sourced, by one
# that has said in SELF what it is called.

say() { printf '==> %4d s  %s\n' "$SECONDS" "$*"; }
die() { printf '%s: %s\n' "$SELF" "$*" >&2; exit 1; }

need_root() { # WHY
  [ "$EUID" -eq 0 ] || die "this takes root$1"
}

# In WORK the folder that is given, which stays and makes the next run faster; or one of this
# run alone, which its end removes where KEEP is no.
take_folder() { # [FOLDER]
  if [ -n "${1:-}" ]; then
    mkdir -p "$1"
    WORK=$(readlink -f "$1") KEEP=yes
  else
    WORK=$(mktemp -d "/var/tmp/hermetic-$SELF.XXXXXX") KEEP=no
  fi
}

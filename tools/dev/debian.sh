# Debian as this machine's apt has it, and new roots of it, of another suite or for another
# processor. Sourced; WORK is a directory for them.

HOST_SUITE=$(. /etc/os-release && echo "$VERSION_CODENAME")

# The mirror, for another suite.
debian_sources() { # SUITE
  local file=/etc/apt/sources.list.d/debian.sources
  [ -f $file ] || file=/etc/apt/sources.list
  sed "s/$HOST_SUITE/$1/g" "$file"
}

# How apt gets there.
debian_settings() {
  apt-config dump | grep -E '^Acquire::(http|https|ftp|Retries|Check-)' || true
}

# Debian 13 has no Kore: that one package is Debian 12's.
pin_kore() { # DIRECTORY
  debian_sources bookworm >"$1/etc/apt/sources.list.d/bookworm.sources"
  cat >"$1/etc/apt/preferences.d/kore" <<'END'
Package: *
Pin: release n=bookworm*
Pin-Priority: -1

Package: kore
Pin: release n=bookworm
Pin-Priority: 500
END
}

root_base() { # SUITE
  local tar=$WORK/base-$1.tar
  [ -s "$tar" ] && return
  say "Making a clean Debian, $1."
  debian_settings >"$WORK/apt.conf"
  debian_sources "$1" | mmdebstrap --quiet --variant=apt --format=tar --aptopt="$WORK/apt.conf" \
    --dpkgopt='path-exclude=/usr/share/locale/*' "$1" "$tar.new" - 2>"$WORK/base.log" ||
    { tail "$WORK/base.log" >&2; die "no Debian could be made."; }
  mv "$tar.new" "$tar"
}

root_make() { # SUITE DIRECTORY
  rm -rf --one-file-system "$2"
  mkdir -p "$2"
  tar -xf "$WORK/base-$1.tar" -C "$2"
  cp --dereference /etc/resolv.conf "$2/etc/resolv.conf"
  cp "$WORK/apt.conf" "$2/etc/apt/apt.conf.d/99host"
  printf '#!/bin/sh\nexit 101\n' >"$2/usr/sbin/policy-rc.d" # nothing starts by itself
  chmod 0755 "$2/usr/sbin/policy-rc.d"
  [ "$1" = bookworm ] || pin_kore "$2"
  mount --rbind --make-rslave /dev "$2/dev"
  mount -t proc proc "$2/proc"
  root_run "$2" apt-get update -qq
}

root_run() { # DIRECTORY COMMAND...
  chroot "$1" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive "${@:2}"
}

logged() { # LOG COMMAND...
  "${@:2}" >"$WORK/$1.log" 2>&1 ||
    { tail -n 30 "$WORK/$1.log" >&2; die "this failed: ${*:2}"; }
}

# What was bound into a root goes before the root does: the device files are this
# machine's.
root_unbind() { # DIRECTORY
  awk -v at="$1/" 'index($2, at) == 1 { print $2 }' /proc/mounts | sort -r |
    xargs -r umount
}

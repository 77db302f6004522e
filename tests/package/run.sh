#!/usr/bin/env bash
# Makes the packages, and lives with them in a clean Debian: installs, sets up, starts
# what the units say, talks, upgrades, removes, purges. Takes root, some minutes a suite,
# and Debian's mirror as this machine's apt knows it. Nothing is left running.
#
#   tests/package/run.sh [SUITE...]      bookworm if none is named
#
# HERMETIC_WORK is a directory that is kept, and makes the next run faster.
set -euo pipefail
ROOT=$(dirname "$(readlink -f "$0")")/../..
cd "$ROOT"
ROOT=$PWD
. tools/dev/common.sh
. tools/dev/package.sh
. tests/testlib/debian.sh
SELF=package
. tests/testlib/run.sh
export DEBIAN_FRONTEND=noninteractive

need_root ": it makes a Debian."
take_folder "${HERMETIC_WORK:-}"

# What was bound into a root goes before the root does: the device files are this
# machine's.
unbind() { # DIRECTORY
  awk -v at="$1/" 'index($2, at) == 1 { print $2 }' /proc/mounts | sort -r |
    xargs -r umount
}
finish() {
  unbind "$WORK"
  [ "$KEEP" = yes ] || rm -rf --one-file-system "$WORK"
}
trap finish EXIT

# --- roots -----------------------------------------------------------------

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

base() { # SUITE
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
  run_in "$2" apt-get update -qq
}

run_in() { # DIRECTORY COMMAND...
  chroot "$1" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive "${@:2}"
}

logged() { # LOG COMMAND...
  "${@:2}" >"$WORK/$1.log" 2>&1 ||
    { tail -n 30 "$WORK/$1.log" >&2; die "this failed: ${*:2}"; }
}

# --- packages --------------------------------------------------------------

# In a Debian that has what debian/control names, and no more. Packages of this
# machine's suite are built here, with what ./dev installs.
packages() { # SUITE
  local at=$WORK/packages-$1 root=$WORK/build-$1
  rm -rf "$at"
  mkdir -p "$at"
  package_module
  package_tree "$at/tree"
  if [ "$1" = "$HOST_SUITE" ]; then
    say "Building packages for $1, on this machine."
    package_build "$at"
  else
    root_make "$1" "$root"
    mkdir "$root/build"
    mv "$at/tree" "$root/build/tree"
    say "Fetching what the build takes, for $1."
    logged "depends-$1" run_in "$root" apt-get install -y -qq \
      --no-install-recommends build-essential
    logged "depends-$1" run_in "$root" apt-get build-dep -y -qq \
      --no-install-recommends /build/tree
    say "Building packages for $1, in a root of its own."
    logged "build-$1" nice chroot "$root" sh -c "cd /build/tree &&
      DEB_BUILD_OPTIONS='parallel=$(nproc) ${DEB_BUILD_OPTIONS:-}' \
      dpkg-buildpackage -us -uc -b"
    mv "$root"/build/*.deb "$root"/build/*.changes "$root"/build/*.buildinfo "$at"
    unbind "$root"
    rm -rf --one-file-system "$root"
  fi
  rm -rf "$at/tree"
  say "lintian, for $1."
  lintian --fail-on error --suppress-tags-from-file tests/package/lintian.txt \
    "$at"/*.changes || die "lintian finds fault."
}

# The same as if of a version before.
older() { # SUITE
  local deb at
  mkdir -p "$WORK/older-$1"
  for deb in "$WORK/packages-$1"/*.deb; do
    case $deb in *-dbgsym_*) continue ;; esac
    at=$WORK/older-$1/unpacked
    rm -rf "$at"
    dpkg-deb -R "$deb" "$at"
    sed -i -e 's/^Version:.*/Version: 0.0.1/' \
      -e '/^Depends:/s/\(hermetic[a-z0-9-]* (>\{0,1\}= \)[^)]*)/\10.0.1)/g' \
      "$at/DEBIAN/control"
    dpkg-deb -Znone --root-owner-group -b "$at" \
      "$WORK/older-$1/$(basename "${deb%%_*}").deb" >/dev/null
    rm -rf "$at"
  done
}

# --- the life of them ------------------------------------------------------

live() { # SUITE
  local root=$WORK/root-$1 deb
  root_make "$1" "$root"
  say "Installing what the packages depend on, in a clean $1."
  mkdir -p "$root/packages/old" "$root/packages/new"
  for deb in "$WORK/packages-$1"/*.deb; do
    case $deb in *-dbgsym_*) continue ;; esac
    ln "$deb" "$root/packages/new/$(basename "${deb%%_*}").deb" 2>/dev/null ||
      cp "$deb" "$root/packages/new/$(basename "${deb%%_*}").deb"
  done
  cp "$WORK/older-$1"/*.deb "$root/packages/old"
  cp docs/example/bot.c tests/package/life.sh tests/package/unit.sh "$root/packages"
  # no apt from here on, so there is no network, and no port of this machine is used
  logged "install-$1" run_in "$root" apt-get install -y -qq --no-install-recommends \
    postgresql mosquitto systemd gcc libc6-dev pkg-config man-db bash-completion
  logged "install-$1" run_in "$root" sh -c 'apt-get install -y -qq \
    --no-install-recommends --download-only /packages/old/*.deb &&
    apt-get install -y -qq --no-install-recommends \
    $(apt-get install -s --no-install-recommends /packages/old/*.deb |
      awk "\$1 == \"Inst\" && \$2 !~ /hermetic/ { print \$2 }")'
  say "Living with them, in $1."
  unshare --net --pid --ipc --uts --mount --kill-child --fork \
    sh -c 'ip link set lo up && exec chroot "$@"' sh "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive bash /packages/life.sh ||
    die "it did not go well in $1; the root is $root."
  unbind "$root"
  rm -rf --one-file-system "$root"
}

[ $# -gt 0 ] || set -- bookworm
for suite; do
  base "$suite"
  packages "$suite"
  older "$suite"
  live "$suite"
done
say "All is well with the packages, in $*."

#!/usr/bin/env bash
# Makes the packages, and lives with them in a clean Debian: installs, sets up, starts
# what the units say, talks, upgrades, removes, purges. Takes root, some minutes a suite,
# and Debian's mirror as this machine's apt knows it. Nothing is left running.
#
#   tests/package/run.sh [SUITE[/PROCESSOR]...]      bookworm if none is named
#
# Of another processor, as in bookworm/arm64, they are made here, and unpacked with what they
# depend on; qemu runs their programs.
#
# HERMETIC_WORK is a directory that is kept, and makes the next run faster.
set -euo pipefail
ROOT=$(dirname "$(readlink -f "$0")")/../..
cd "$ROOT"
ROOT=$PWD
. tools/dev/common.sh
. tools/dev/package.sh
. tools/dev/debian.sh
SELF=package
. tests/testlib/run.sh
export DEBIAN_FRONTEND=noninteractive
HERE=$(dpkg --print-architecture)

need_root ": it makes a Debian."
take_folder "${HERMETIC_WORK:-}"

finish() {
  root_unbind "$WORK"
  [ "$KEEP" = yes ] || rm -rf --one-file-system "$WORK"
}
trap finish EXIT

# --- packages --------------------------------------------------------------

# What a word of the command line stands for: bookworm, or bookworm/arm64.
suite_of() { echo "${1%%/*}"; }
processor_of() { case $1 in */*) echo "${1#*/}" ;; *) echo "$HERE" ;; esac; }
name_of() { echo "${1/\//-}"; }

# In a Debian that has what debian/control names, and no more. Packages of this
# machine's suite, for its processor, are built here, with what ./dev installs.
packages() { # SUITE[/PROCESSOR]
  local at
  at=$WORK/packages-$(name_of "$1")
  rm -rf "$at"
  mkdir -p "$at"
  package_module
  package_tree "$at/tree"
  if [ "$(suite_of "$1") $(processor_of "$1")" = "$HOST_SUITE $HERE" ]; then
    say "Building packages for $1, on this machine."
    package_build "$at"
  else
    package_build_in "$(suite_of "$1")" "$(processor_of "$1")" "$at"
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
  logged "install-$1" root_run "$root" apt-get install -y -qq --no-install-recommends \
    postgresql mosquitto systemd gcc libc6-dev pkg-config man-db bash-completion
  logged "install-$1" root_run "$root" sh -c 'apt-get install -y -qq \
    --no-install-recommends --download-only /packages/old/*.deb &&
    apt-get install -y -qq --no-install-recommends \
    $(apt-get install -s --no-install-recommends /packages/old/*.deb |
      awk "\$1 == \"Inst\" && \$2 !~ /hermetic/ { print \$2 }")'
  say "Living with them, in $1."
  unshare --net --pid --ipc --uts --mount --kill-child --fork \
    sh -c 'ip link set lo up && exec chroot "$@"' sh "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive bash /packages/life.sh ||
    die "it did not go well in $1; the root is $root."
  root_unbind "$root"
  rm -rf --one-file-system "$root"
}

# --- of another processor ---------------------------------------------------

# What apt makes of them, of which nothing is installed: no script of a package runs, and so
# this kernel has to start none of its programs.
foreign_root() { # SUITE PROCESSOR PACKAGES DIRECTORY
  rm -rf --one-file-system "$4"
  (cd "$3" && dpkg-scanpackages --multiversion . >Packages 2>/dev/null)
  { debian_sources "$1"
    [ "$1" = bookworm ] || debian_sources bookworm
    printf '\nTypes: deb\nURIs: copy://%s\nSuites: ./\nTrusted: yes\n' "$3"
  } | logged "root-$1-$2" mmdebstrap --quiet --architectures="$2" --variant=extract --aptopt="$WORK/apt.conf" \
    --include=hermetic,hermetic-server,libhermetic-dev,libhermetic-mls-dev "$1" "$4" -
}

foreign() { # SUITE/PROCESSOR
  local at root qemu file machine said
  at=$WORK/packages-$(name_of "$1")
  root=$WORK/root-$(name_of "$1")
  machine=$(dpkg-architecture -a "$(processor_of "$1")" -q DEB_HOST_GNU_CPU 2>/dev/null)
  qemu=$(command -v "qemu-$machine-static" || command -v "qemu-$machine") ||
    die "this takes qemu of $machine."
  for file in "$at"/*.deb; do
    [ "$(dpkg-deb -f "$file" Architecture)" = "$(processor_of "$1")" ] ||
      die "$file is for $(dpkg-deb -f "$file" Architecture)."
  done
  say "Unpacking them and what they depend on, for $1."
  foreign_root "$(suite_of "$1")" "$(processor_of "$1")" "$at" "$root"
  say "Running their programs."
  for file in usr/bin/hermetic usr/lib/hermetic/hermetic-{admin,migrate,rotation,mqtt-bridge} \
    usr/lib/hermetic/hermetic{,_admin,_mqtt}.so; do
    said=$("$qemu" -L "$root" "$root/lib/ld-linux-$machine.so.1" --list "$root/$file") ||
      die "$file is not for $machine: $said"
    [[ $said != *"not found"* ]] || die "$file lacks a library: $said"
  done
  said=$("$qemu" -L "$root" "$root/usr/bin/hermetic" --version)
  [ "$said" = "hermetic $(make -s version) ($(package_commit))" ] || die "it is $said."
  "$qemu" -L "$root" "$root/usr/lib/hermetic/hermetic-admin" --help >/dev/null ||
    die "hermetic-admin does not start."
  for file in hermetic-migrate hermetic-rotation hermetic-mqtt-bridge; do
    said=$(env -i "$qemu" -L "$root" "$root/usr/lib/hermetic/$file" 2>&1) || true
    case $said in # what it is to do, or which setting it lacks
      "usage: $file "* | "hermetic: HERMETIC_"*) ;;
      *) die "$file says: $said" ;;
    esac
  done
  gzip -cd "$root/usr/share/man/man1/hermetic.1.gz" "$root/usr/share/man/man8/hermetic-admin.8.gz" |
    grep -c '^\.SH' >/dev/null || die "there are no manual pages."
  rm -rf --one-file-system "$root"
}

[ $# -gt 0 ] || set -- bookworm
for word; do
  root_base "$(suite_of "$word")"
  packages "$word"
  if [ "$(processor_of "$word")" = "$HERE" ]; then
    older "$word"
    live "$word"
  else
    foreign "$word"
  fi
done
say "All is well with the packages, in $*."

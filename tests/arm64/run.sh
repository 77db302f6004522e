#!/usr/bin/env bash
# Builds all of it for arm64 where it is something else that builds, with Debian's cross
# compiler, and runs that by qemu: unit tests, the fuzz targets' corpora, the command, and
# nodes against a real PostgreSQL (of this machine), whose system calls it compares with what
# Kore's filter lets pass, since qemu itself knows no filters. Takes root, as a tree of arm64
# is made, and Debian's mirror as this machine's apt knows it.
#
#   tests/arm64/run.sh [WORD...]     only those unit tests and corpora with a WORD
#
# HERMETIC_WORK is a directory that is kept, and makes the next run faster.
set -euo pipefail
ROOT=$(dirname "$(readlink -f "$0")")/../..
cd "$ROOT"
ROOT=$PWD
. tools/dev/debian.sh
SUITE=bookworm # of the images
MACHINE=aarch64-linux-gnu
QEMU=$(command -v qemu-aarch64-static || command -v qemu-aarch64) # of Debian 12, of 13

say() { printf '==> %4d s  %s\n' "$SECONDS" "$*"; }
die() { printf 'arm64: %s\n' "$*" >&2; exit 1; }

[ "$EUID" -eq 0 ] || die "this takes root: it makes a tree of Debian's files."
if [ -n "${HERMETIC_WORK:-}" ]; then
  mkdir -p "$HERMETIC_WORK"
  WORK=$(readlink -f "$HERMETIC_WORK")
else
  WORK=$(mktemp -d /var/tmp/hermetic-arm64.XXXXXX)
  trap 'rm -rf --one-file-system "$WORK"' EXIT
fi
chmod 0755 "$WORK" # the servers of the tests run as somebody else
SYSROOT=$WORK/sysroot
BUILT=$WORK/build RUN=$WORK/run TRACE=$WORK/trace

# Libraries and headers, of which nothing is installed: no script of a package runs.
sysroot() {
  local packages
  [ ! -e "$SYSROOT/made" ] || return 0
  say "Fetching the libraries of arm64."
  packages=$(awk '$1 == "build" && $2 ~ /-dev$|^kore$/ { print $2 }' tools/packages.txt)
  rm -rf --one-file-system "$SYSROOT"
  debian_settings >"$WORK/apt.conf"
  debian_sources $SUITE | mmdebstrap --quiet --architectures=arm64 --variant=extract \
    --aptopt="$WORK/apt.conf" --include="${packages//$'\n'/,},libcmocka-dev" \
    $SUITE "$SYSROOT" - 2>"$WORK/sysroot.log" ||
    { tail "$WORK/sysroot.log" >&2; die "the libraries of arm64 are not to be had."; }
  chmod 0755 "$SYSROOT"
  touch "$SYSROOT/made"
}

compile() { # TARGET...
  PKG_CONFIG_SYSROOT_DIR=$SYSROOT \
    PKG_CONFIG_LIBDIR=$SYSROOT/usr/lib/$MACHINE/pkgconfig:$SYSROOT/usr/share/pkgconfig \
    make --no-print-directory -s -j"$(nproc)" VARIANT=release B="$BUILT" \
    CROSS_COMPILE=$MACHINE- CC="$MACHINE-gcc --sysroot=$SYSROOT" "$@" ||
    die "the build failed; the compiler's words stand above."
  $MACHINE-gcc --sysroot="$SYSROOT" -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -O1 -fPIC \
    -shared -o "$BUILT/filter.so" tests/arm64/filter.c
}

# What was built, under the same names, as programs of this machine.
runnable() {
  local file
  rm -rf "$RUN"
  mkdir -p "$RUN/bin"
  (cd "$BUILT" && find . -type f \( -name '*.so' -o -name '*.so.*' \)) | while read -r file; do
    mkdir -p "$RUN/$(dirname "$file")"
    ln -s "$BUILT/$file" "$RUN/$file"
  done
  (cd "$BUILT" && find . -type f -perm -u+x ! -name '*.so' ! -name '*.so.*') |
    while read -r file; do program "$file" "$BUILT/$file"; done
  program bin/kore -strace -D "$TRACE/calls.\$\$" -E "LD_PRELOAD=$BUILT/filter.so" \
    -E "FILTER_PASSED=$TRACE/passed" "$SYSROOT/usr/bin/kore"
}

program() { # NAME COMMAND OF qemu...
  local name=$1
  shift
  mkdir -p "$RUN/$(dirname "$name")"
  printf '#!/bin/sh\nexec %s -L "%s"' "$QEMU" "$SYSROOT" >"$RUN/$name"
  printf ' "%s"' "$@" "\$@" >>"$RUN/$name"
  printf '\n' >>"$RUN/$name"
  chmod 0755 "$RUN/$name"
}

# Kore looks at each descriptor that there may be, which a trace would show.
nodes() {
  rm -rf "$TRACE"
  mkdir -m 0777 "$TRACE"
  (ulimit -n 1024 && PATH=$RUN/bin:$PATH exec node tools/run-tests.mjs "$RUN" \
    integration/api_messages integration/managed integration/objects integration/ws.test) ||
    die "a node of arm64 does not do what it has to."
  node tests/arm64/calls.mjs "$SYSROOT" "$TRACE" || die "a worker of arm64 would be killed."
}

sysroot
say "Compiling for arm64."
compile all unit-tests fuzz-replays
runnable
say "Unit tests and the corpora of fuzz targets."
export HERMETIC_TEST_SECONDS=1800
words=("$@")
[ $# -gt 0 ] || words=(tests/unit/ tests/fuzz/)
node tools/run-tests.mjs "$RUN" "${words[@]}" || die "arm64 does something else."
say "Nodes, and what system calls their workers make."
nodes
say "All of it is green."

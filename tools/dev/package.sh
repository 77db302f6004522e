# Debian packages of what stands in this tree, by debian/.

# One place has the version, src/hermetic/hermetic.h. What is built before its tag is
# older than the release, what is built after it newer.
package_version() {
  local version commit time sign='~'
  version=$(make -s version)
  commit=$(package_commit)
  if [ -d .git ] || [ -f .git ]; then
    if [ "$(git rev-parse -q --verify "v$version^{commit}" || true)" = \
      "$(git rev-parse HEAD)" ] && [ -n "${commit##*+}" ]; then
      printf '%s\n' "$version"
      return
    fi
    git rev-parse -q --verify "v$version^{commit}" >/dev/null && sign=+
    time=$(date -u -d "@$(package_time)" +%Y%m%d%H%M%S)
    printf '%s%sgit%s.%s\n' "$version" "$sign" "$time" "${commit%+}"
  else
    dpkg-parsechangelog -S Version
  fi
}

# The files with a version of their own, for npm and pip, that have not this one.
package_versions_other() {
  local version
  version=$(make -s version)
  grep -qx "  \"version\": \"$version\"," sdk/js/package.json || printf 'sdk/js/package.json\n'
  grep -qx "version = \"$version\"" sdk/python/pyproject.toml ||
    printf 'sdk/python/pyproject.toml\n'
}

# "1f2e3d4c5b6a", with "+" behind it where something was changed since.
package_commit() {
  if [ -f commit ]; then
    cat commit
  else
    printf '%s%s\n' "$(git rev-parse --short=12 HEAD)" \
      "$([ -z "$(git status --porcelain)" ] || printf +)"
  fi
}

# When that was, in seconds since 1970.
package_time() {
  case $(package_commit) in
    *+) date +%s ;;
    *) git show -s --format=%ct HEAD ;;
  esac
}

# The module of the page, which the packages do not build: they have no network, and it
# takes Debian's sources (tools/wasm-sources).
package_module() { # [--newest: sources that are fetched now, and no older ones]
  [ ! -f commit ] || return 0 # it is in the tree already
  step "Building the module of the page (OpenSSL takes some minutes the first time)."
  [ $# -eq 0 ] || rm -f build/wasm/sources/versions
  make --no-print-directory -s -j"$(nproc)" WASM_SOURCES_FLAGS="$*" wasm-module ||
    die "the module cannot be built; the words stand above." \
      "${1:+A release wants the newest sources: where a mirror of Debian does not have them yet," \
"try again later, or let apt take Debian from another one.}"
}

# All that is not ignored, the module, and what a clone alone knows: the commit, and the
# changelog of the packages, in which debian/ has the version from.
package_tree() { # DIRECTORY
  rm -rf "$1"
  mkdir -p "$1"
  if [ -f commit ]; then
    tar -c --exclude=./build --exclude=./var . | tar -x -C "$1"
    return
  fi
  git ls-files -z --cached --others --exclude-standard |
    tar -c --null --ignore-failed-read --no-recursion -T - 2>/dev/null | tar -x -C "$1"
  cp sdk/js/hermetic.wasm "$1/sdk/js/"
  package_commit >"$1/commit"
  cat >"$1/debian/changelog" <<END
hermetic ($(package_version)) unstable; urgency=medium

  * CHANGELOG.md of the source says what is new. This is commit $(package_commit).

 -- $(sed -n 's/^Maintainer: //p' debian/control)  $(LC_ALL=C date -u -R -d "@$(package_time)")
END
}

# Builds in DIRECTORY/tree; the packages come to stand in DIRECTORY.
package_build() { # DIRECTORY
  local tree=$1/tree
  (cd "$tree" && DEB_BUILD_OPTIONS="parallel=$(nproc) ${DEB_BUILD_OPTIONS:-}" \
    nice dpkg-buildpackage --no-check-builddeps -us -uc -b) >"$1/build.log" 2>&1 || {
    tail -n 20 "$1/build.log" >&2
    die "the packages cannot be built; the last words stand above, all of them in" \
      "$1/build.log."
  }
}

# The same in a new Debian, which has what debian/control names and no more, and which compiles
# for PROCESSOR. Takes root, and what root_base made in WORK.
package_build_in() { # SUITE PROCESSOR DIRECTORY
  local name=$1-$2 root=$WORK/build-$1-$2 target=(--host-arch="$2")
  local essential=(build-essential)
  root_make "$1" "$root"
  mkdir "$root/build"
  mv "$3/tree" "$root/build/tree"
  say "Fetching what the build takes, for $1, $2."
  if [ "$2" != "$(dpkg --print-architecture)" ]; then
    target+=('--build-profiles=cross,nocheck')
    essential+=("crossbuild-essential-$2")
    root_run "$root" dpkg --add-architecture "$2"
    logged "depends-$name" root_run "$root" apt-get update -qq
  fi
  logged "depends-$name" root_run "$root" apt-get install -y -qq \
    --no-install-recommends "${essential[@]}"
  logged "depends-$name" root_run "$root" apt-get build-dep -y -qq \
    --no-install-recommends "${target[@]/host-arch=/host-architecture=}" /build/tree
  say "Building packages for $1, $2, in a root of its own."
  logged "build-$name" nice chroot "$root" sh -c 'cd /build/tree && DEB_BUILD_OPTIONS=$1 &&
    export DEB_BUILD_OPTIONS && shift && dpkg-buildpackage -us -uc -b "$@"' sh \
    "parallel=$(nproc) ${DEB_BUILD_OPTIONS:-}" "${target[@]}"
  mv "$root"/build/*.deb "$root"/build/*.changes "$root"/build/*.buildinfo "$3"
  root_unbind "$root"
  rm -rf --one-file-system "$root"
}

package_make() { # [PROCESSOR]
  local at=$ROOT/build/package
  step "Making packages of $(package_version)${1:+, for $1}."
  rm -rf "$at"
  package_module
  package_tree "$at/tree"
  if [ "${1:-$(dpkg --print-architecture)}" = "$(dpkg --print-architecture)" ]; then
    package_build "$at"
  else
    WORK=$(mktemp -d /var/tmp/hermetic-package.XXXXXX)
    trap 'root_unbind "$WORK"; rm -rf --one-file-system "$WORK"' EXIT
    root_base "$HOST_SUITE"
    package_build_in "$HOST_SUITE" "$1" "$at"
    chown -R --reference="$ROOT" "$ROOT/build" "$ROOT/sdk/js/hermetic.wasm"
  fi
  rm -rf "$at/tree"
  say "Made, in build/package:"
  (cd "$at" && ls -1 ./*.deb | sed 's|^\./|    |')
}

# Makes the tag, and of what it names the source, the packages and their sums. It sends
# nothing anywhere.
release_make() {
  local version at name others
  version=$(make -s version)
  name=hermetic-$version
  at=$ROOT/build/release-$version
  git rev-parse --git-dir >/dev/null 2>&1 || die "a release is made of a clone."
  [ -z "$(git status --porcelain)" ] || die "this tree is not clean: a release is what" \
    "is committed. See: git status"
  ! git rev-parse -q --verify "v$version" >/dev/null || die "there is a tag v$version" \
    "already; src/hermetic/hermetic.h has the version."
  grep -q "^## \[${version//./\\.}\] - 20..-..-..$" CHANGELOG.md ||
    die "CHANGELOG.md has no heading \"## [$version] - DATE\": CONTRIBUTING.md, \"A" \
      "release\", says what comes before one."
  others=$(package_versions_other)
  [ -z "$others" ] || die "this is $version, as src/hermetic/hermetic.h says, and another" \
    "version is in ${others//$'\n'/ and }."
  package_module --newest
  step "Releasing $version."
  git tag -a "v$version" -m "Hermetic $version"
  trap 'git tag -d "v'"$version"'" >/dev/null' EXIT # until all of it is made
  rm -rf "$at"
  package_tree "$at/$name"
  tar -C "$at" --sort=name --owner=0 --group=0 --numeric-owner \
    --mtime="@$(package_time)" -c "$name" | gzip -n >"$at/$name.tar.gz"
  mv "$at/$name" "$at/tree"
  package_build "$at"
  rm -rf "$at/tree" "$at/build.log"
  (cd "$at" && sha256sum -- * >SHA256SUMS)
  trap - EXIT
  say "Made, in build/release-$version, of the tag v$version:"
  (cd "$at" && printf '    %s\n' *)
}

# shellcheck shell=bash
# Images for amd64 and arm64, of the same files by one command, and a stack of which most of
# what is Hermetic's own is of arm64, where qemu runs it. Of run.sh, which takes this in by
# `source`.

PLATFORMS=(amd64 arm64)
MACHINE=aarch64-linux-gnu
more_packages=(qemu-user-static "gcc-$MACHINE")

# The kernel starts qemu for programs of arm64, which it opens now (F), as containers have
# none. That this is known ends with this run, unless it was known before.
foreign_begin() {
  mkdir -p "$WORK/binfmt"
  mount -t binfmt_misc binfmt_misc "$WORK/binfmt"
  BINFMT=$WORK/binfmt
  FOREIGN_KNOWN=no
  if [ -e "$BINFMT/qemu-aarch64" ]; then
    FOREIGN_KNOWN=yes
  else
    cat /usr/lib/binfmt.d/qemu-aarch64.conf >"$BINFMT/register"
  fi
  grep -q '^flags:.*F' "$BINFMT/qemu-aarch64" ||
    die "this kernel looks for qemu in each container."
}
foreign_end() {
  [ "$FOREIGN_KNOWN" = yes ] || [ ! -e "$BINFMT/qemu-aarch64" ] ||
    echo -1 >"$BINFMT/qemu-aarch64"
  umount "$BINFMT"
}

# An image of two platforms is kept by containerd alone.
images() {
  local name
  foreign_begin
  echo '{"features": {"containerd-snapshotter": true}}' >"$WORK/daemon.json"
  mkdir -p "$WORK/base"
  for name in "${PLATFORMS[@]}"; do
    base_image "$name"
    ln -f "$WORK/base-$name.tar" "$WORK/base/"
  done
  docker_start "${NO_BRIDGE[@]}"
  printf 'FROM scratch\nARG TARGETARCH\nADD base-$TARGETARCH.tar /\nCMD ["bash"]\n' \
    >"$WORK/base/Dockerfile"
  : >"$WORK/build.log"
  built "$(all_platforms)" debian:bookworm-slim "$WORK/base"
  say "Building the images for ${PLATFORMS[*]}."
  built "$(all_platforms)" hermetic .
  say "hermetic is built."
  built "$(all_platforms)" hermetic-mqtt --target mqtt .
  name=linux/$(dpkg --print-architecture)
  built "$name" hermetic-database --file deploy/database/Dockerfile .
  built "$name" haproxy:2.6 tests/compose/haproxy
  $MACHINE-gcc -std=c11 -D_GNU_SOURCE -O1 -fPIC -shared -o "$WORK/filter.so" \
    tests/arm64/filter.c
}
all_platforms() { printf 'linux/%s,' "${PLATFORMS[@]}" | sed 's/,$//'; }
built() { # PLATFORMS NAME OPTIONS...
  docker build --progress plain --network host --platform "$1" -t "$2" "${@:3}" \
    >>"$WORK/build.log" 2>&1 || {
    tail -n 30 "$WORK/build.log" >&2
    die "the image $2 was not built."
  }
}

# What a service's program is compiled for is in the head of its file.
machine_is() { # MACHINE SERVICE PROGRAM
  [ "$(docker exec "$(container "$2")" head -c 20 "$3" | od -An -tu2 -j18 | tr -d ' ')" = "$1" ]
}
lists_packages_of() { # PROCESSOR SERVICE
  docker exec "$(container "$2")" cat /usr/local/lib/hermetic/sbom.json |
    grep -q "pkg:deb/debian/libpq5@.*?arch=$1\""
}

foreign_stack() {
  export HERMETIC_FILTER=$WORK/filter.so
  say "Starting the stack."
  compose -f deploy/small.yml -f tests/compose/arm64.yml "${up[@]}" --scale api=1 \
    >"$WORK/up.log" 2>&1 || {
    tail -n 20 "$WORK/up.log" >&2
    die "the stack did not come up."
  }
  check "HAProxy answers for a ready node" status_is 200 /readyz
  check "which is of arm64" machine_is 183 api /srv/hermetic/hermetic.so
  check "as Kore is" machine_is 183 api /usr/bin/kore
  check "and the worker" machine_is 183 rotation /usr/local/bin/hermetic-rotation
  check "one broker is, too" machine_is 183 mqtt /usr/local/lib/hermetic/hermetic_mqtt.so
  check "and the other is not" machine_is 62 mqtt-2 /usr/local/lib/hermetic/hermetic_mqtt.so
  check "the image lists the packages of arm64" lists_packages_of arm64 api
  check "nobody is root, no root is writable, no capability is left" hardened api rotation
  alice_and_bob_talk
  check "bob hears by WebSocket" follow_hears "over the wire" ws
  check "bob hears by MQTT" follow_hears "by MQTT" mqtt
  check "the page is served" status_is 200 /
  check "the command runs" quiet docker run --rm --platform linux/arm64 --network none \
    hermetic hermetic --version
}

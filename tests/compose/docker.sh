# shellcheck shell=bash
# Docker's programs, the base image and the daemon, without an image registry. Of run.sh,
# which takes this in by `source`.

host_packages() {
  local name missing=()
  for name in docker.io iptables iproute2 mmdebstrap curl openssl \
    mosquitto-clients nodejs; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = \
      installed ] || missing+=("$name")
  done
  [ "${#missing[@]}" -eq 0 ] && return
  say "Installing ${missing[*]}."
  apt-get -o DPkg::Lock::Timeout=300 update -qq
  LOG=$WORK/apt.log
  apt_install "${missing[@]}" || { tail -n 5 "$LOG" >&2; die "apt-get install failed."; }
}

# The engine and compose of a newer Debian run here from a directory; runc and
# the init do not, and are this Debian's.
programs() {
  local sources=/etc/apt/sources.list.d/debian.sources
  [ -x "$WORK/programs/usr/sbin/dockerd" ] && return
  say "Fetching Docker's programs from Debian ($SUITE)."
  mkdir -p "$WORK"/{apt/lists/partial,apt/cache/archives/partial,deb,config}
  awk 'BEGIN { RS = "" } NR == 1' $sources |
    sed "s/^Suites:.*/Suites: $SUITE/" >"$WORK/apt/suite.sources"
  local apt=(-o Dir::Etc::SourceList="$WORK/apt/suite.sources"
    -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$WORK/apt/lists"
    -o Dir::Cache="$WORK/apt/cache")
  apt-get "${apt[@]}" update -qq
  (cd "$WORK/deb" && apt-get "${apt[@]}" download -qq docker.io docker-cli \
    containerd docker-compose docker-buildx 2>/dev/null)
  mkdir -p "$WORK/unpacked"
  for deb in "$WORK"/deb/*.deb; do
    dpkg -x "$deb" "$WORK/unpacked"
  done
  ln -sfn "$WORK/programs/usr/libexec/docker/cli-plugins" \
    "$WORK/config/cli-plugins"
  mv "$WORK/unpacked" "$WORK/programs"
}

base_image() {
  [ -s "$WORK/base.tar" ] && return
  say "Making the base image."
  mmdebstrap --quiet --variant=minbase \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --customize-hook='rm -rf "$1"/var/lib/apt/lists/*' \
    bookworm "$WORK/base.new.tar" /etc/apt/sources.list.d/debian.sources
  mv "$WORK/base.new.tar" "$WORK/base.tar"
}

docker_start() { # OPTIONS
  "${IN[@]}" dockerd "$@" --data-root "$WORK/data" --exec-root "$WORK/exec" \
    --pidfile "$WORK/dockerd.pid" -H "$DOCKER_HOST" >>"$WORK/dockerd.log" 2>&1 &
  DOCKERD=$!
  for _ in $(seq 200); do
    docker version >/dev/null 2>&1 && return
    kill -0 "$DOCKERD" 2>/dev/null || break
    sleep 0.2
  done
  tail -n 20 "$WORK/dockerd.log" >&2
  die "dockerd did not start."
}

docker_stop() {
  [ -n "$DOCKERD" ] || return 0
  kill "$DOCKERD" 2>/dev/null || true
  wait "$DOCKERD" 2>/dev/null || true
  DOCKERD=
}

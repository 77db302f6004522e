# Who the servers run as. PostgreSQL refuses to be root, and a server that
# listens should not be.

SERVICE_USER=hermetic
RUN_AS=() # goes in front of the commands that start a server

# root in another person's clone only installs packages: the rest is done as
# that person, so that build/ and var/ stay theirs.
identity_become_owner() { # ARGUMENTS OF ./dev
  local owner
  [ "$EUID" -eq 0 ] || return 0
  owner=$(stat -c %U "$ROOT")
  case $owner in root | UNKNOWN) return 0 ;; esac
  step "Going on as $owner, whose clone this is."
  exec setpriv --reuid="$owner" --regid="$(id -g "$owner")" --init-groups \
    env HOME="$(getent passwd "$owner" | cut -d: -f6)" USER="$owner" \
    "$ROOT/dev" "$@"
}

identity_service_user() {
  [ "$EUID" -eq 0 ] || return 0
  if ! getent passwd $SERVICE_USER >/dev/null; then
    step "Making the system user $SERVICE_USER for the servers."
    useradd --system --user-group --no-create-home --home-dir /nonexistent \
      --shell /usr/sbin/nologin $SERVICE_USER
  fi
  RUN_AS=(setpriv "--reuid=$SERVICE_USER" "--regid=$SERVICE_USER"
    --clear-groups --no-new-privs --)
}

# var/ holds all that a run leaves. Where the service user cannot get to the
# clone (below /root, for one), var is a link to a place that it can get to.
identity_var() {
  local elsewhere sum
  VAR=$ROOT/var
  [ ! -L "$VAR" ] || mkdir -p "$(readlink -m "$VAR")"
  mkdir -p "$VAR"
  if ! "${RUN_AS[@]}" test -x "$(readlink -f "$VAR")"; then
    sum=$(printf '%s' "$ROOT" | cksum)
    elsewhere=/var/lib/$SERVICE_USER/$(basename "$ROOT")-${sum%% *}
    rmdir "$VAR" 2>/dev/null ||
      die "the user $SERVICE_USER cannot enter $VAR; make it reachable."
    mkdir -p "$elsewhere"
    ln -s "$elsewhere" "$VAR"
    say "    var is a link to $elsewhere: $SERVICE_USER cannot enter $ROOT."
  fi
  VAR=$(readlink -f "$VAR")
  mkdir -p "$VAR/run" "$VAR/log"
}

# A directory that belongs to whom the servers run as.
service_dir() { # DIR
  if [ ! -d "$1" ]; then
    mkdir -m 0700 "$1"
    [ "${#RUN_AS[@]}" -eq 0 ] || chown "$SERVICE_USER:$SERVICE_USER" "$1"
  fi
}

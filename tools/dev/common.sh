# Words to the person, and pid files. Sourced by ./dev; ROOT is the clone.

# Whose shell it is does not matter: a user of Debian has no sbin on the path, where mosquitto
# and useradd are, and a language that is named may not be installed.
export PATH=${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin LC_ALL=C.UTF-8

say() {
  printf '%s\n' "$*"
}

step() {
  printf '==> %s\n' "$*"
}

die() {
  printf 'dev: %s\n' "$*" >&2
  exit 1
}

# A pid alone may have passed on to a stranger: with it we keep the moment its
# process started and the boot that moment counts from.
process_birth() { # PID
  local stat
  { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
  # Field 22, counted behind the name, which may hold spaces.
  read -r -a stat <<<"${stat##*) }"
  printf '%s %s\n' "${stat[19]}" "$(</proc/sys/kernel/random/boot_id)"
}

pid_write() { # FILE PID
  printf '%s %s\n' "$2" "$(process_birth "$2")" >"$1"
}

# Prints the pid of FILE if the process that was recorded there still runs.
pid_alive() { # FILE
  local pid birth
  [ -s "$1" ] && read -r pid birth <"$1" &&
    [ "$(process_birth "$pid")" = "$birth" ] && printf '%s\n' "$pid"
}

# The processes of the group that PID leads or led, if they work in DIR.
group_members() { # PID DIR
  local stat fields pid
  for stat in /proc/[0-9]*/stat; do
    pid=${stat//[!0-9]/}
    { fields=$(<"$stat"); } 2>/dev/null || continue
    read -r -a fields <<<"${fields##*) }"
    [ "${fields[2]}" = "$1" ] && [ "${fields[0]}" != Z ] &&
      [ "$(readlink "/proc/$pid/cwd")" = "$2" ] && printf '%s\n' "$pid"
  done
  return 0
}

# Ends the process of FILE: SIGNAL first, SIGKILL after SECONDS. Then also what
# is left of its group in DIR, which outlives a leader that was killed.
pid_stop() { # FILE SIGNAL SECONDS [DIR]
  local pid tenths=$(($3 * 10))
  if pid=$(pid_alive "$1"); then
    kill -s "$2" "$pid" 2>/dev/null || true
    while [ "$tenths" -gt 0 ] && pid_alive "$1" >/dev/null; do
      sleep 0.1
      tenths=$((tenths - 1))
    done
    if pid_alive "$1" >/dev/null; then
      kill -s KILL "$pid" 2>/dev/null || true
    fi
  fi
  if [ -n "${4:-}" ] && [ -s "$1" ]; then
    read -r pid _ <"$1"
    group_members "$pid" "$4" | xargs -r kill -s KILL 2>/dev/null || true
  fi
  rm -f "$1"
}

random_hex() { # BYTES
  od -An -v -tx1 -N"$1" /dev/urandom | tr -d ' \n'
}

random_base64() { # BYTES
  head -c "$1" /dev/urandom | base64 -w 0
}

need_disk() { # KILOBYTES
  local free
  free=$(df -Pk "$ROOT" | awk 'NR == 2 { print $4 }')
  [ "$free" -ge "$1" ] || die "only $((free / 1024)) MB are free on the disk" \
    "of $ROOT; $(($1 / 1024)) MB are needed."
}

port_is_busy() { # PORT
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

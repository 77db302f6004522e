# A server of ours: a process in var/DIR, as the service user, with its settings
# in a .env there: in no argument and in no environment, where others could
# read them.

# Takes what is ours from standard input: it comes first, and so wins.
service_settings() { # DIR
  service_dir "$VAR/$1"
  (
    umask 077
    {
      cat
      env | grep '^HERMETIC_' || true
      [ ! -f "$ROOT/.env" ] || cat "$ROOT/.env"
    } >"$VAR/$1/.env"
  )
  [ "${#RUN_AS[@]}" -eq 0 ] || chown "$SERVICE_USER" "$VAR/$1/.env"
}

service_start() { # NAME DIR COMMAND...
  local name=$1 dir=$2
  shift 2
  (cd "$VAR/$dir" && exec env -i PATH="$PATH" LANG=C.UTF-8 \
    GLIBC_TUNABLES=glibc.malloc.hugetlb=1 \
    setsid "${RUN_AS[@]}" "$@" 9>&-) </dev/null >"$VAR/log/$name.log" 2>&1 &
  pid_write "$VAR/run/$name.pid" $!
}

service_stop() { # NAME DIR
  pid_stop "$VAR/run/$1.pid" TERM 15 "$VAR/$2"
}

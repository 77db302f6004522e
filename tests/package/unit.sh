# Starts what a unit says without systemd: its user, folders, credentials, settings and
# capabilities. The sandbox is systemd's own; `systemd-analyze` looks at that.

UNITS=/usr/lib/systemd/system
[ -f $UNITS/hermetic-api.service ] || UNITS=/lib/systemd/system

# The values of a setting. As systemd reads them, the common drop-in comes last, and wins.
unit_values() { # UNIT NAME
  cat "$UNITS/$1.service" /usr/lib/systemd/system/hermetic-.service.d/hardening.conf |
    sed -n "s/^$2=//p" | sed -e "s|%d|/run/credentials/$1|g" -e "s|%p|$1|g" -e 's|%t|/run|g'
}
unit_value() { unit_values "$1" "$2" | tail -n 1; }

# In the place of the shell that calls it.
unit_exec() { # UNIT
  local unit=$1 user value line environment=()
  user=$(unit_value "$unit" User)
  while read -r value; do
    [ -e "$value" ] || { echo "$unit: $value is not there: it does not start."; return 1; }
  done < <(unit_values "$unit" ConditionPathExists)
  install -d -m 0750 -o "$user" -g "$user" "/run/$(unit_value "$unit" RuntimeDirectory)"
  for value in $(unit_value "$unit" StateDirectory); do
    install -d -m 0750 -o "$user" -g "$user" "/var/lib/$value"
  done
  rm -rf "/run/credentials/$unit"
  install -d -m 0700 -o "$user" "/run/credentials/$unit"
  while IFS=: read -r value line; do
    install -m 0400 -o "$user" "$line" "/run/credentials/$unit/$value"
  done < <(unit_values "$unit" LoadCredential)
  mapfile -t environment < <(unit_values "$unit" Environment
    sed -n '/^[A-Z]/p' "$(unit_value "$unit" EnvironmentFile)")
  cd "$(unit_value "$unit" WorkingDirectory)" || return 1
  umask "$(unit_value "$unit" UMask)"
  # shellcheck disable=SC2046 # a list of words
  exec env -i PATH=/usr/bin "${environment[@]}" \
    setpriv --reuid="$user" --regid="$user" --clear-groups --no-new-privs \
    --bounding-set=-all --inh-caps=-all $(unit_value "$unit" ExecStart)
}

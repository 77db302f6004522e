# In a root of its own, without network: what happens to the packages of Hermetic from
# the first installation to the last trace (tests/package/run.sh).
set -euo pipefail # so what stands before a pipe is read to its end: no grep -q there
. /packages/unit.sh

step() { printf '    %4d s  %s\n' "$SECONDS" "$*"; }
die() {
  printf 'life: %s\n' "$*" >&2
  tail -n 12 /tmp/log/* >&2 || true
  exit 1
}
mkdir -p /tmp/log /packages/people
mount -t proc proc /proc

until_true() { # WHAT COMMAND...
  local what=$1
  shift
  for _ in $(seq 600); do
    "$@" >/dev/null 2>&1 && return
    sleep 0.1
  done
  die "waited in vain for $what."
}

# All files and folders that are there, but for what others write meanwhile.
listing() {
  find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /run \
    -o -path /packages -o -path /var/lib/dpkg -o -path /var/cache \
    -o -path /var/log -o -path /var/lib/postgresql -o -path /var/lib/apt \
    -o -path /etc/ld.so.cache \) -prune -o -print | grep -vxE '/etc/(passwd|group|shadow|gshadow)-' | sort
}

service() { # UNIT
  unit_exec "$1" >>"/tmp/log/$1" 2>&1 &
  echo $! >"/tmp/pid-$1"
}
end() { # UNIT
  kill "$(<"/tmp/pid-$1")" && wait "$(<"/tmp/pid-$1")" || true
}
ready() {
  exec 3<>/dev/tcp/127.0.0.1/8000 &&
    printf 'GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3 &&
    read -r -t 2 _ status _ <&3 && [ "$status" = 200 ]
}
services_start() {
  (unit_exec hermetic-migrate) >>/tmp/log/hermetic-migrate 2>&1 ||
    die "the migration failed."
  service hermetic-api
  service hermetic-rotation
  service hermetic-mqtt
  until_true "the broker" test -S /run/hermetic-mqtt/mqtt.sock
  service hermetic-mqtt-bridge
  until_true "the API" ready
  until_true "the bridge" bash -c 'exec 3<>/dev/tcp/127.0.0.1/1883'
}
services_end() {
  for unit in hermetic-mqtt-bridge hermetic-mqtt hermetic-rotation hermetic-api; do
    end $unit
  done
}

person() { # NAME ARGUMENTS OF hermetic
  HERMETIC_HOME=/packages/people/$1 HERMETIC_PASSPHRASE="a passphrase of $1" \
    HERMETIC_SCRYPT_N=16384 HERMETIC_STOCK=5 hermetic "${@:2}"
}

step "PostgreSQL starts."
pg_ctlcluster "$(ls /etc/postgresql)" main start

listing >/tmp/before
step "A version of before is installed."
dpkg --install /packages/old/*.deb \
  >/tmp/log/install 2>&1 || die "the packages do not install."
grep -q 'hermetic-setup makes what the services need' /tmp/log/install ||
  die "the installation does not say what to do next."
[ "$(stat -c '%U %a' /etc/hermetic/hermetic.env)" = 'root 640' ] ||
  die "others read the settings."
[ "$(stat -c '%U %a' /etc/hermetic/secrets)" = 'root 700' ] ||
  die "others read the secrets."
[ "$(stat -c '%U %a' /var/lib/hermetic)" = 'hermetic 750' ] || die "whose is the state?"

step "systemd knows the units and what they are kept from."
systemd-analyze verify "$UNITS"/hermetic-*.service || die "the units are wrong."
for unit in "$UNITS"/hermetic-*.service; do
  systemd-analyze security --offline=true --threshold=20 "$(basename "$unit")" \
    >>/tmp/log/security 2>&1 || die "$unit may too much."
done
for unit in hermetic-api hermetic-rotation; do
  [ -L /etc/systemd/system/multi-user.target.wants/$unit.service ] ||
    die "$unit does not start with the machine."
done
scripts=/var/lib/dpkg/info/hermetic-server
for unit in $(grep -l '^WantedBy=' "$UNITS"/hermetic-*.service); do
  unit=$(basename "$unit")
  grep "deb-systemd-invoke stop .*$unit" $scripts.prerm >/dev/null ||
    die "$unit would run on when its package is removed."
  grep "deb-systemd-invoke \$_dh_action .*$unit" $scripts.postinst >/dev/null ||
    die "$unit would run on as it was after an upgrade."
done
! (unit_exec hermetic-api) >/tmp/log/api-early 2>&1 ||
  die "the API starts without secrets."

step "hermetic-setup makes secrets, roles and the database; twice is as once."
hermetic-setup >/tmp/log/setup 2>&1 || die "hermetic-setup failed."
kek=$(sha256sum /etc/hermetic/secrets/kek)
hermetic-setup >>/tmp/log/setup 2>&1 || die "hermetic-setup failed the second time."
[ "$(sha256sum /etc/hermetic/secrets/kek)" = "$kek" ] || die "it made another key."

step "The services start, as their units say, and people talk."
services_start
person alice register --username alice --server localhost:8000 --no-recovery >/dev/null
person bob register --username bob --server localhost:8000 --no-recovery >/dev/null
person alice create --name lunch --invite bob >/dev/null
session=$(person bob sessions | cut -c 1-36)
person bob join "$session" >/dev/null
person alice send lunch 'by REST' >/dev/null
person alice send lunch --transport mqtt --mqtt localhost:1883 'by MQTT' >/dev/null
person bob read "$session" | grep 'by MQTT' >/dev/null || die "Bob reads nothing."
hermetic-admin status | grep . >/dev/null || die "hermetic-admin says nothing."
sed -n 's/^    //; /^HERMETIC_ADMIN_PASSWORD=/,/psql/p' \
  <(zcat -f /usr/share/doc/hermetic-server/operations.md*) >/tmp/admin-role.sh
grep psql /tmp/admin-role.sh >/dev/null || die "the manual does not say how its role is made."
bash -e /tmp/admin-role.sh >/tmp/log/admin-role 2>&1 || die "the administration gets no role."
service hermetic-admin-api
until_true "the administration as an API" bash -c 'exec 3<>/dev/tcp/127.0.0.1/8002'
end hermetic-admin-api
[ "$(stat -c %U "/proc/$(<"/tmp/pid-hermetic-rotation")")" = hermetic ] ||
  die "the worker runs as somebody else."

step "An operator changes a setting, and the next version comes."
sed -i 's/^HERMETIC_WORKERS=.*/HERMETIC_WORKERS=1/' /etc/hermetic/hermetic.env
services_end
dpkg --install /packages/new/*.deb \
  >/tmp/log/upgrade 2>&1 || die "the packages do not upgrade."
version=$(dpkg-query -W -f '${Version}' hermetic)
[ "$version" != 0.0.1 ] || die "it is the version of before."
case "$(hermetic --version)" in
  "hermetic ${version%%[~+]*} ("*")") ;;
  *) die "the package is $version, and the command says $(hermetic --version)." ;;
esac
grep -qx HERMETIC_WORKERS=1 /etc/hermetic/hermetic.env || die "the setting is gone."
[ "$(sha256sum /etc/hermetic/secrets/kek)" = "$kek" ] || die "the key is another one."
services_start
person alice send lunch 'after the upgrade' >/dev/null
person bob read "$session" >/tmp/log/read
for text in 'by REST' 'by MQTT' 'after the upgrade'; do
  grep -q "$text" /tmp/log/read || die "Bob does not read: $text."
done

step "The library, the manual pages and the completions are where others look."
cc -o /tmp/bot /packages/bot.c $(pkg-config --cflags --libs hermetic) ||
  die "the example does not compile."
ldd /tmp/bot | grep 'libhermetic.so.0 => /' >/dev/null || die "it is not linked to the library."
printf '#include <mls/mls.h>\nint main(void) { return 0; }\n' >/tmp/mls.c
cc -o /tmp/mls /tmp/mls.c $(pkg-config --cflags --libs hermetic-mls) ||
  die "the engine's header does not compile."
for page in hermetic mls_group_create hermetic-admin hermetic-setup; do
  man -w $page >/dev/null || die "man finds no page of $page."
done
bash -c '. /usr/share/bash-completion/bash_completion
  _completion_loader hermetic; complete -p hermetic' >/dev/null ||
  die "bash finds no completion."

step "It is removed: programs go, settings and state stay."
services_end
names=$(dpkg-query -W -f '${Package}\n' '*hermetic*')
# shellcheck disable=SC2086 # a list of words
dpkg --remove $names >/tmp/log/remove 2>&1 || die "it cannot be removed."
[ ! -e /usr/bin/hermetic ] && [ ! -e /usr/lib/hermetic ] || die "programs stay."
[ -s /etc/hermetic/secrets/kek ] && [ -s /var/lib/hermetic/database ] ||
  die "secrets or state are gone before the purge."

step "It is purged: what it made goes, and what stays is said."
# shellcheck disable=SC2086
dpkg --purge $names >/tmp/log/purge 2>&1 || die "it cannot be purged."
grep -q 'What hermetic-setup made stays: the secrets in' /tmp/log/purge ||
  die "the purge does not say what stays."
listing | grep -vE '^/etc/hermetic(/secrets(/.*)?)?$' >/tmp/after
diff /tmp/before /tmp/after >/tmp/log/left || die "this is left, or gone with it."
[ "$(sha256sum /etc/hermetic/secrets/kek)" = "$kek" ] ||
  die "the key is gone, and the database is there."
(cd / && runuser -u postgres -- psql -X -At -d hermetic \
  -c 'SELECT count(*) > 0 FROM hermetic.message') | grep -x t >/dev/null ||
  die "the messages are gone with the packages."

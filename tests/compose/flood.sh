# shellcheck shell=bash
# Thousands connect to MQTT and say nothing. Of run.sh, which takes this in by `source`.

# From within the network, so that HAProxy does not count them: the gates alone do.
flood='
use IO::Socket::INET;
$| = 1;
my @all;
for my $n (1 .. 10000) {
  my $s = IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => 1883, Timeout => 5);
  next unless $s;
  syswrite $s, "\x10";
  push @all, $s;
}
print scalar(@all), "\n";
sleep 600;
'
# What its processes hold, and that with what the kernel holds for them, in MiB.
held() { # SERVICE
  docker exec "$(container "$1")" bash -c 'cat /proc/[0-9]*/status' 2>/dev/null |
    awk '/^VmRSS/ { n += $2 } END { printf "%d ", n / 1024 }'
  docker stats --no-stream --format '{{.MemUsage}}' "$(container "$1")" |
    awk '{ n = $1 + 0; if ($1 ~ /KiB/) n /= 1024; if ($1 ~ /GiB/) n *= 1024
      printf "%d", n + 0.5 }'
}
flood_is_held() {
  local bridge broker anon all out status=1
  read -r bridge _ < <(held mqtt-bridge; echo)
  read -r broker _ < <(held mqtt; echo)
  docker run -d --name hermetic-flood --network ${PROJECT}_front \
    --entrypoint perl hermetic -e "$flood" mqtt-bridge >/dev/null
  for _ in $(seq 360); do
    out=$(docker logs hermetic-flood 2>&1)
    [ -z "$out" ] || break
    sleep 0.5
  done
  say "${out:-0} connections; before, bridge $bridge MiB, broker $broker;" \
    "then, and with the kernel's, $(held mqtt-bridge), $(held mqtt)"
  read -r anon all < <(held mqtt-bridge; echo)
  if [ "${out:-0}" -gt 9000 ] && [ "$anon" -lt $((bridge + 16)) ] &&
    [ "$all" -lt 128 ] && read -r anon all < <(held mqtt; echo) &&
    [ "$anon" -lt $((broker + 16)) ] && [ "$all" -lt 256 ] &&
    follow_hears "in a flood" mqtt
  then
    status=0
  fi
  docker rm -f hermetic-flood >/dev/null
  return $status
}
SERVER=https://localhost:8443
check "10,000 that say nothing to MQTT cost nobody anything" flood_is_held
SERVER=127.0.0.1:8000

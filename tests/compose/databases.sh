# shellcheck shell=bash
# What keeps the data fails, while people go on. Of run.sh, which takes this in by `source`.

# Alice goes on meanwhile. What she was told is sent is counted; each send is
# bounded, so the longest one says how long nothing was taken.
talk_begin() {
  rm -f "$WORK/stop" "$WORK/told"
  touch "$WORK/told"
  while [ ! -e "$WORK/stop" ]; do
    local began=$EPOCHREALTIME n
    n=$(($(wc -l <"$WORK/told") + 1))
    until as alice send "$SESSION" --id "$1 $n" "$1 $n" >/dev/null 2>&1; do
      [ ! -e "$WORK/stop" ] || return 0
    done
    awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }' >>"$WORK/told"
  done &
  TALK=$!
}
talk_end() { # what she was told, bob reads, each once
  local n i
  touch "$WORK/stop"
  wait "$TALK" || true
  n=$(wc -l <"$WORK/told")
  as bob read "$SESSION" --json >"$WORK/heard"
  for i in $(seq "$n"); do
    [ "$(grep -cF "\"$1 $i\"" "$WORK/heard")" -eq 1 ] || {
      echo "$1 $i is there $(grep -cF "\"$1 $i\"" "$WORK/heard") times" >&2
      return 1
    }
  done
  say "$1: $n messages, the slowest took $(sort -g "$WORK/told" | tail -n 1) s"
}
more_are_told() { # N more, in two minutes
  local n
  n=$(($(wc -l <"$WORK/told") + $1))
  for _ in $(seq 240); do
    [ "$(wc -l <"$WORK/told")" -ge "$n" ] && return
    sleep 0.5
  done
  return 1
}

# survives WORD, with break_WORD and mend_WORD for the primary $LEADER
survives() {
  LEADER=$(member_is Leader)
  talk_begin "$1 $round"
  check "$1: all is well before" more_are_told 2
  "break_$1" >/dev/null
  check "$1: people go on" more_are_told 3
  "mend_$1" >/dev/null
  check "$1: there are two again" two_again
  check "$1: what was acknowledged is there, once" talk_end "$1 $round"
}
another_leads() { [ "$(member_is Leader)" != "$LEADER" ]; }

break_killed() { docker kill -s KILL "$(container "$LEADER")"; }
mend_killed() { compose "${up[@]}" --scale api=5; }
break_paused() { docker pause "$(container "$LEADER")"; }
mend_paused() { docker unpause "$(container "$LEADER")"; }
break_cut() {
  CUT=$(container "$LEADER")
  for network in back cluster; do
    docker network disconnect "${PROJECT}_$network" "$CUT"
  done
}
mend_cut() {
  for network in back cluster; do
    docker network connect --alias "$LEADER" "${PROJECT}_$network" "$CUT"
  done
}
break_both() { docker kill -s KILL "$(container "$LEADER")" "$(container etcd-2)"; }
mend_both() { compose "${up[@]}" --scale api=5; }
break_etcd() { docker kill -s KILL "$(container etcd)"; }
mend_etcd() { compose "${up[@]}" --scale api=5; }

check "there are two databases" two_again
for round in $(seq "${HERMETIC_ROUNDS:-1}"); do
  for fault in killed paused cut both; do
    survives $fault
    check "$fault: the other one leads" another_leads
  done
  survives etcd
done
LEADER=$(member_is Leader)
check "they change places on request" quiet deploy/switchover.sh
check "and did" another_leads
check "with all that was sent" bob_reads "by MQTT"

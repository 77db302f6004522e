#!/usr/bin/env bash
# A tour of a running server: Alice and Bob register, then talk in a session
# of each algorithm, and PostgreSQL shows what it got to see of it.
#
#   tools/tour.sh HERMETIC SERVER BROKER DIRECTORY
#
# HERMETIC is the command, SERVER and BROKER are HOST:PORT, DIRECTORY is where
# their states go; psql finds the
# database by the variables that libpq reads.
set -euo pipefail

HERMETIC=$1
SERVER=$2
export HERMETIC_MQTT=$3
HOMES=$(mktemp -d "$4/tour-XXXXXX")
TAG=$(tr '[:upper:]' '[:lower:]' <<<"${HOMES##*tour-}")
ALICE=alice-$TAG
BOB=bob-$TAG
FOLLOW=

if [ -t 1 ]; then
  BOLD=$'\e[1m' DIM=$'\e[2m' GREEN=$'\e[32m' PLAIN=$'\e[0m'
else
  BOLD='' DIM='' GREEN='' PLAIN=''
fi

title() { printf '\n%s%s%s\n' "$BOLD" "$*" "$PLAIN"; }
line() { printf '  %-18s %s\n' "$1" "$2"; }
wrong() { printf 'tour: %s\n' "$*" >&2; exit 1; }

finish() {
  local status=$?
  [ -z "$FOLLOW" ] || kill "$FOLLOW" 2>/dev/null || true
  # Their passphrases are no secret, so their states are worth nothing.
  rm -rf "$HOMES"
  exit "$status"
}
trap finish EXIT
trap 'exit 1' INT TERM

as() { # USER VERB...
  local user=$1
  shift
  HERMETIC_HOME=$HOMES/$user HERMETIC_USERNAME=$user \
    HERMETIC_PASSPHRASE="a passphrase for $user" HERMETIC_SERVER=$SERVER \
    "$HERMETIC" "$@" --json
}

# A member of the last JSON object on standard input.
text() { sed -n "s/.*\"$1\":\"\\([^\"]*\\)\".*/\\1/p" | tail -n 1; }
number() { sed -n "s/.*\"$1\":\\([0-9]*\\).*/\\1/p" | tail -n 1; }

await_text() { # FILE TEXT
  local tenths=150
  until grep -qF "\"$2\"" "$1"; do
    tenths=$((tenths - 1))
    [ "$tenths" -gt 0 ] || wrong "Bob did not hear \"$2\""
    sleep 0.1
  done
}

registers() { # NAME USER
  local device
  device=$(as "$2" register | text device_id)
  line "$1" "registered as $2, device $device"
}

# What one row of the log holds, as the database's administrator sees it: the
# header that the server works with, and the end of what is sealed.
stored() { # SESSION SEQ
  psql -X -q -A -t -F ' ' -v ON_ERROR_STOP=1 -v session="$1" -v seq="$2" \
    -f - <<'SQL'
SELECT length(envelope), encode(substring(envelope FROM 1 FOR 41), 'hex'),
       encode(substring(envelope FROM length(envelope) - 95), 'hex')
  FROM hermetic.message WHERE session_id = :'session'::uuid AND seq = :seq;
SQL
}

hex() { fold -w 64 <<<"$1" | sed "s/^/      $DIM/; s/\$/$PLAIN/"; }

shows_row() { # SESSION SEQ
  local size header sealed
  read -r size header sealed < <(stored "$1" "$2")
  [ -n "$sealed" ] || wrong "PostgreSQL does not hold message $2"
  line "PostgreSQL holds" "message $2, $size bytes; version, session, epoch, \
nonce:"
  hex "$header"
  line "" "and, sealed (the last 96 bytes):"
  hex "$sealed"
}

talk() { # ALGORITHM HELLO ANSWER TRANSPORT ITS-NAME
  local session epoch mine theirs sent heard=$HOMES/heard
  session=$(as "$ALICE" create --name "$1" --algorithm "$1" --invite "$BOB" |
    text session_id)
  line "Alice creates" "session $session and invites Bob"
  epoch=$(as "$BOB" join "$session" | number epoch)
  line "Bob joins" "and finds the algorithm $1 in epoch $epoch"

  mine=$(as "$ALICE" safety "$session" | text safety_number)
  theirs=$(as "$BOB" safety "$session" | text safety_number)
  [ -n "$mine" ] && [ "$mine" = "$theirs" ] ||
    wrong "Alice and Bob see different safety numbers"
  line "safety number" "$GREEN$mine$PLAIN, the same on both sides"

  : >"$heard"
  # without `as`: a function in the background would be a shell between
  # us and the command, and the command would outlive it
  HERMETIC_HOME=$HOMES/$BOB HERMETIC_USERNAME=$BOB \
    HERMETIC_PASSPHRASE="a passphrase for $BOB" HERMETIC_SERVER=$SERVER \
    "$HERMETIC" read "$session" --follow --transport "$4" \
    --json >"$heard" &
  FOLLOW=$!
  sent=$(as "$ALICE" send "$session" "$2" --transport rest | number seq)
  await_text "$heard" "$2"
  line "Alice to Bob" "\"$2\" (sent over REST, heard over $5)"
  kill "$FOLLOW" 2>/dev/null || true
  wait "$FOLLOW" 2>/dev/null || true
  FOLLOW=

  as "$BOB" send "$session" "$3" --transport "$4" >/dev/null
  as "$ALICE" read "$session" | grep -F "\"$3\"" >/dev/null ||
    wrong "Alice did not get \"$3\""
  line "Bob to Alice" "\"$3\" (sent over $5, read over REST)"
  shows_row "$session" "$sent"
}

# A file, of which the server holds as many bytes, and none that Bob gets.
shares() { # SESSION-NAME
  local session seq there
  mkdir "$HOMES/from" "$HOMES/to"
  printf 'The tide table of this week.\n' >"$HOMES/from/tides.txt"
  session=$(as "$ALICE" create --name "$1" --invite "$BOB" | text session_id)
  as "$BOB" join "$session" >/dev/null
  seq=$(as "$ALICE" send "$session" --file "$HOMES/from/tides.txt" \
    --caption "For the way" | grep -v '"event"' | number seq)
  as "$BOB" save "$session" "$seq" "$HOMES/to" >/dev/null
  cmp -s "$HOMES/from/tides.txt" "$HOMES/to/tides.txt" ||
    wrong "Bob did not get the file"
  line "Alice to Bob" "tides.txt, sealed, sent and saved as it was"
  there=$(psql -X -q -A -t -v ON_ERROR_STOP=1 -v session="$session" -f - <<'SQL'
SELECT encode(bytes, 'hex') FROM hermetic.file_piece
  WHERE session_id = :'session'::uuid;
SQL
  )
  [ -n "$there" ] || wrong "PostgreSQL does not hold the file"
  line "PostgreSQL holds" "$((${#there} / 2)) bytes of it, sealed:"
  hex "$there"
  as "$BOB" react "$session" "$seq" 👍 >/dev/null
  as "$ALICE" read "$session" | grep -F '"reaction"' >/dev/null ||
    wrong "Alice did not see the reaction"
  line "Bob reacts" "with 👍, and Alice sees it"
}

title "Alice and Bob register"
registers Alice "$ALICE"
registers Bob "$BOB"
title "A session with AES-256-GCM"
talk aes-256-gcm "The lamp is lit." "Then I row over." ws WebSocket
title "A session with ChaCha20-Poly1305"
talk chacha20-poly1305 "Bring the blue lantern." "And the long rope." \
  ws WebSocket
title "A session with Twofish"
talk twofish-256-gcm "Low tide is at four." "I will be early." mqtt MQTT
title "A file"
shares "tides"
printf '\n  %s\n' "The server ordered, stored and delivered all of it, and \
opened none of it."

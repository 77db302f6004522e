#!/usr/bin/env bash
# Every case of the program under valgrind, and one that must be caught:
#   tests/ct/run.sh build/ct/tests/ct/ct
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
check() {
  valgrind --quiet --error-exitcode=9 --suppressions="$here/public.supp" \
    "$@" 2>&1
}
n=0
while read -r name; do
  n=$((n + 1))
  if said=$(check "$1" "$name"); then
    echo "ok $n - $name"
  else
    echo "not ok $n - $name"
    printf '%s\n' "$said" | sed 's/^/# /'
    bad=yes
  fi
done < <("$1")
n=$((n + 1))
if check "$1" leak >/dev/null; then
  echo "not ok $n - a comparison that leaks is caught"
  bad=yes
else
  echo "ok $n - a comparison that leaks is caught"
fi
echo "1..$n"
[ "${bad:-no}" = no ]

#!/usr/bin/env bash
# Starts one process of the image: api or migrate. A variable NAME may come as
# the file that NAME_FILE names, as orchestrators hand out secrets.
set -euo pipefail

for name in HERMETIC_KEK HERMETIC_DATABASE_URL PGPASSWORD; do
  file=${name}_FILE
  if [ -n "${!file:-}" ]; then
    [ -r "${!file}" ] || { echo "$file: cannot read ${!file}" >&2; exit 1; }
    printf -v "$name" '%s' "$(<"${!file}")"
    export "${name?}"
    unset "$file"
  fi
done

case ${1:-api} in
  api) exec kore -c kore.conf -f -n -r ;;
  migrate) exec hermetic-migrate up --directory /srv/hermetic/migrations ;;
  *) exec "$@" ;;
esac

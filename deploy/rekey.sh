#!/usr/bin/env bash
# Another key-encryption key: a new one in deploy/secrets/kek, whatever is wrapped under
# the old one is wrapped anew, and nobody has to log in again. Nodes are exchanged one
# after the other, and know both meanwhile. When it is cut off, call it again: it goes on.
#
#   deploy/rekey.sh
#
# The old one opens no more than backups of before: keep it as long as these.
source "$(dirname "$(readlink -f "$0")")/common.sh"
secrets=deploy/secrets

if cmp -s $secrets/kek $secrets/kek_previous; then
  mv $secrets/kek $secrets/kek_previous
fi
deploy/make-secrets.sh >/dev/null # a new one
exchange_nodes
up --force-recreate rotation # it makes keys, which all nodes have to open by now
in_it rotation hermetic-admin rekey </dev/null
rm $secrets/kek_previous
deploy/make-secrets.sh >/dev/null
say "done: deploy/secrets/kek. Keep it in another place, too."

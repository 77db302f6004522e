#!/bin/sh
# Makes a C table of the statements: sql2c.sh header|source sql/*.sql
set -eu
kind=$1
shift
if [ "$kind" = header ]; then
  echo '#ifndef HERMETIC_STORE_STATEMENTS_H'
  echo '#define HERMETIC_STORE_STATEMENTS_H'
  echo
  echo 'enum statement {'
  for f in "$@"; do
    basename "$f" .sql | tr 'a-z' 'A-Z' | sed 's/.*/	STATEMENT_&,/'
  done
  echo '	STATEMENT_COUNT'
  echo '};'
  echo
  echo 'struct statement_text {'
  echo '	const char *name; /* of the file */'
  echo '	const char *sql;'
  echo '};'
  echo
  echo 'extern const struct statement_text statement_texts[STATEMENT_COUNT];'
  echo
  echo '#endif'
else
  echo '#include "store/statements.h"'
  echo
  echo 'const struct statement_text statement_texts[STATEMENT_COUNT] = {'
  for f in "$@"; do
    printf '\t{ "%s",\n' "$(basename "$f" .sql)"
    sed -e 's/--.*//' -e 's/^[[:space:]]*//' -e '/^$/d' -e 's/\\/\\\\/g' -e 's/"/\\"/g' \
      -e 's/^/	  "/' -e 's/$/\\n"/' "$f"
    printf '\t},\n'
  done
  echo '};'
fi

/* Internal to src/store: rows over a PGresult. */
#ifndef HERMETIC_STORE_ROWS_INTERNAL_H
#define HERMETIC_STORE_ROWS_INTERNAL_H

#include <libpq-fe.h>

#include "store/rows.h"

struct rows {
	PGresult *result;
	enum err fail;
};

#endif

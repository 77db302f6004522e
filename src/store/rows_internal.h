/* Internal to src/store: rows over a PGresult. */
#ifndef HERMETIC_STORE_ROWS_INTERNAL_H
#define HERMETIC_STORE_ROWS_INTERNAL_H

#include <libpq-fe.h>

#include "store/rows.h"

enum { ROWS_COLUMNS = 16 };

struct rows {
	PGresult *result;
	enum err fail;
	/* Columns that were asked for, by the address of the name: libpq looks
	 * through all names, and copies the one it looks for. */
	struct {
		const char *name;
		int number;
	} columns[ROWS_COLUMNS];
};

#endif

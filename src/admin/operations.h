/*
 * The operations of the administration: which statement each one asks, with which
 * parameters, and how its rows become JSON or lines for people. hermetic-admin and the
 * API of the administration both go by this; neither knows more of an operation.
 *
 * A statement that finds something gives rows of `json`, `line` (what a person reads,
 * or NULL) and `at` (where the page after this row begins, or NULL), or one row with
 * `done`. A row whose json is NULL only says that there is what was asked about.
 */
#ifndef HERMETIC_ADMIN_OPERATIONS_H
#define HERMETIC_ADMIN_OPERATIONS_H

#include "admin/operations_table.h"
#include "door/outcomes.h"
#include "store/params.h"
#include "store/rows.h"
#include "store/statements.h"

enum operation_method {
	OPERATION_ONLY, /* a command only */
	OPERATION_GET,
	OPERATION_POST,
	OPERATION_DELETE
};

/* What an API token may do: a set of these. */
enum operation_scope {
	SCOPE_NONE = 0,
	SCOPE_READ = 1,
	SCOPE_WRITE = 2,
	SCOPE_EXPORT = 4,
	SCOPE_ERASE = 8
};

enum operation_gives {
	OPERATION_LIST,
	OPERATION_ONE,
	OPERATION_DONE,
	OPERATION_TOKEN,
	OPERATION_CHAIN
};

struct operation {
	const char *name, *verb, *words;
	enum operation_method method;
	const char *path;
	unsigned scope;
	enum statement statement;
	const char *takes;
	enum operation_gives gives;
	enum outcome without;
};

enum {
	OPERATION_ROWS_MAX = 500, /* of a page */
	OPERATION_USES_MAX = 100000,
	OPERATION_DAYS_MAX = 366,
	OPERATION_AT_MAX = 64 /* bytes of `at` */
};

/* What an operation is asked with. Spans are borrowed. */
struct operation_args {
	const struct uuid *token;      /* the API's; NULL: a person */
	struct span argument;	       /* empty: there is none */
	struct span after;	       /* empty: from the beginning */
	int32_t rows;		       /* of a page, 1 to OPERATION_ROWS_MAX */
	uint64_t rotation, idle, sign; /* seconds, for `status` */
	struct digest hash;	       /* of a new token */
	uint64_t uses, days;	       /* of that token */
};

/* The rows of the table; *count is how many. */
const struct operation *operations_all(size_t *count);

/* It has an argument: a name, an id or another word. */
bool operations_has_argument(const struct operation *operation);

/* The statement's parameters. ERR_PEER_MALFORMED: the argument is no id, ERR_PEER_INVALID:
 * nothing can be after that; *out is then empty. */
MUST_CHECK enum err operations_params(const struct operation *operation,
				      const struct operation_args *args,
				      struct params *out);

/* What an answer comes to: OUTCOME_OK, or what it is without. */
enum outcome operations_outcome(const struct operation *operation,
				struct rows *rows);

/* The JSON of a row; empty: it has none. Borrowed from the answer. */
struct span operations_json(struct rows *rows, size_t i);
/* The same for people: the JSON where the row has no other words. */
struct span operations_line(struct rows *rows, size_t i);

/* Where the page after this answer begins, in `at`; empty: this one was the last. */
void operations_next(const struct operation *operation, int32_t page,
		     struct rows *rows, char at[OPERATION_AT_MAX]);

/* "read,write" as a set; 0: a word of it is no scope, or is empty. */
unsigned operations_scopes(struct span text);
/* The name of one scope. */
const char *operations_scope_name(unsigned scope);

#endif

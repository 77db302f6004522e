/*
 * Following the chain of the record: each entry's hash is over the entry and the hash
 * before it, and the chain's end stands apart, so that a row which was changed or
 * removed is found, at the end, too.
 */
#ifndef HERMETIC_ADMIN_AUDIT_H
#define HERMETIC_ADMIN_AUDIT_H

#include "base/digest.h"
#include "store/rows.h"

struct audit_chain {
	int64_t n; /* of the last entry that is as it was written */
	struct digest hash;
	bool broken;
	int64_t last; /* the chain's end, as the database has it */
	struct digest last_hash;
};

/* Before the first entry. */
MUST_CHECK enum err audit_start(struct audit_chain *chain);

/* Follows the rows of an answer of admin_audit.sql after chain->n. False: there was no
 * further entry, or one is not as it was written. */
bool audit_follow(struct audit_chain *chain, struct rows *rows);

/* After all entries: none is missing or was changed. */
bool audit_is_whole(const struct audit_chain *chain);

#endif

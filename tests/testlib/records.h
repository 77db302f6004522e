/* A device's records in memory, for tests of src/device. */
#ifndef HERMETIC_TESTS_RECORDS_H
#define HERMETIC_TESTS_RECORDS_H

#include "device/ports.h"

#define RECORDS_MAX 400

struct records {
	struct {
		char name[200];
		struct buf value;
	} all[RECORDS_MAX];
	unsigned commits;
	size_t puts, bytes; /* of put() and remove(); of what was put */
	size_t sessions;    /* of get() of a session */
	bool changed;	    /* by another process; the next begin tells it */
	const char *sealed; /* the record of that name does not open; or NULL */
	struct device_store store;
};

/* A rollback is none: what was put stays. */
void records_init(struct records *records);
void records_free(struct records *records);

/* The record's bytes, empty when there is none; borrowed. */
struct span records_find(struct records *records, const char *name);

#endif

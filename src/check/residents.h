/* The accounts whose devices have leaves, for check/places.h. */
#ifndef HERMETIC_CHECK_RESIDENTS_H
#define HERMETIC_CHECK_RESIDENTS_H

#include "check/view.h"
#include "wire/places.h"

#define CHECK_NO_DEVICE "a leaf is no device of an account"

struct check_residents {
	uint8_t (*list)[ACCOUNT_HASH];
	size_t count, room;
	bool local; /* what is wrong is that memory failed */
};

void check_residents_clear(struct check_residents *r);

/* NULL, or what is wrong. `gone` (may be NULL): leaves that do not count. */
const char *check_residents_of(const struct check_view *view, const bool *gone,
			       struct check_residents *r);
const char *check_residents_take(struct check_residents *r,
				 struct span identity);
/* The same of its account. */
const char *check_residents_put(struct check_residents *r,
				struct span fingerprint);

/* By fingerprint, each once; it is to be so for the next. */
void check_residents_sort(struct check_residents *r);
bool check_residents_have(const struct check_residents *r,
			  struct span fingerprint);

#endif

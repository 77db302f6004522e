/* A leaf by the log of its account at a place, for check/places.h. */
#ifndef HERMETIC_CHECK_PLACES_AT_H
#define HERMETIC_CHECK_PLACES_AT_H

#include "check/account.h"
#include "check/view.h"
#include "wire/places.h"

/* The key by the log at that place; *device as account_key_valid(). */
enum account_validity places_at_validity(const struct check_view *view,
					 const struct account_log *log,
					 const struct place *place,
					 struct span signature_key,
					 uint64_t *device);

/* NULL, or what is wrong: "The leaf is that device's", and where `standing`: "the device
 * stands there". */
const char *places_at_check_leaf(const struct check_view *view,
				 const struct account_log *log,
				 const struct place *place, uint64_t device,
				 struct span signature_key, bool standing);

#endif

#include "check/places_at.h"

#include "base/fault.h"

enum account_validity places_at_validity(const struct check_view *view,
					 const struct account_log *log,
					 const struct place *place,
					 struct span signature_key,
					 uint64_t *device)
{
	struct account_place at = { .number = place->number };

	(void)span_copy(at.hash, place->hash);
	return account_key_valid(log, suite_scheme(view->suite), signature_key,
				 &at, device);
}

const char *places_at_check_leaf(const struct check_view *view,
				 const struct account_log *log,
				 const struct place *place, uint64_t device,
				 struct span signature_key, bool standing)
{
	uint64_t found = 0;

	switch (places_at_validity(view, log, place, signature_key, &found)) {
	case ACCOUNT_VALID:
		break;
	case ACCOUNT_ENDED:
		if (standing)
			return "a leaf comes in whose device its account has "
			       "removed";
		break;
	case ACCOUNT_UNKNOWN:
		if (FAULT(KEY_NOT_IN_LOG))
			return NULL;
		return "a leaf's key is in no link of its account's log";
	case ACCOUNT_LATER:
		return "a leaf's key came to its account after the account's "
		       "place";
	case ACCOUNT_ELSEWHERE:
		return "an account's log does not have its place";
	}
	return found == device ? NULL
			       : "a leaf's key is another device's of its "
				 "account";
}

#include "device/accounts/own_guests.h"

#include "device/accounts/accounts.h"
#include "device/accounts/own_log.h"
#include "wire/key_package.h"

/* A KeyPackage whose signature key is no device's of the log, as it is now. */
static bool is_strange(const struct account_log *log, struct span bytes)
{
	struct wire_key_package kp;
	struct account_place now;
	const struct suite *suite;

	if (wire_key_package_decode(bytes, &kp) != ERR_OK)
		return true;
	suite = suite_by_id(kp.cipher_suite);
	account_log_place(log, &now);
	return suite == NULL || account_key_valid(log, suite_scheme(suite),
						  kp.leaf_node.signature_key,
						  &now, NULL) != ACCOUNT_VALID;
}

static bool is_own(const struct device *d, const struct guest *guest)
{
	struct span user = roles_user(buf_span(&guest->identity));

	return span_equal(user, span_str(d->username)) ||
	       (d->own_leaf[0] != '\0' &&
		span_equal(user, roles_user(span_str(d->own_leaf))));
}

static bool has_strange(const struct account_log *log,
			const struct guest *guest)
{
	for (size_t i = 0; i < guest->count; i++)
		if (is_strange(log, guest->package_spans[i]))
			return true;
	return false;
}

enum err own_guests_keep(struct device *d, struct guests *guests)
{
	struct own_log *own = NULL;
	struct account_place place;
	const char *identity;
	size_t i = 0;
	enum err e;

	TRY(accounts_own(d, &identity));
	TRY(own_log_load(d, &own));
	account_log_place(own->known->log, &place);
	while (place.number > 0 && i < guests->count) {
		if (is_own(d, &guests->list[i]) &&
		    has_strange(own->known->log, &guests->list[i]))
			guests_drop(guests, i);
		else
			i++;
	}
out:
	own_log_free(own);
	return e;
}

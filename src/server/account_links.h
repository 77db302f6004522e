/*
 * A verified link goes behind its account's log, and does to the account's devices
 * what it says (sql/functions/take_account_link.sql): an `add` approves the device that
 * asked with that entry, a `remove` ends devices.
 */
#ifndef HERMETIC_SERVER_ACCOUNT_LINKS_H
#define HERMETIC_SERVER_ACCOUNT_LINKS_H

#include "store/store.h"
#include "wire/account_link.h"

struct new_link {
	/* Whose name the first link takes, and which device posts it; NULL with
	 * any other link. */
	const struct uuid *user, *device;
	struct span salt; /* with the first link; otherwise empty */
	bool anew;	  /* the name is to be this log's from now on */

	struct span bytes;	  /* of the link */
	struct account_link link; /* the same, decoded */
	struct digest hash;
	struct digest fingerprint; /* of the log */
};

/* `done` is called once with the rows of STATEMENT_ACCOUNT_LINK_TAKE, after the call.
 * An error: it is not called. */
MUST_CHECK enum err account_links_append(const struct new_link *link,
					 connection_done *done, void *arg);

#endif

/* The inside of the accounts that are known, for the files of check/accounts.h. */
#ifndef HERMETIC_CHECK_ACCOUNTS_ENTRIES_H
#define HERMETIC_CHECK_ACCOUNTS_ENTRIES_H

#include "check/accounts.h"
#include "check/known.h"

struct check_accounts {
	struct check_source source;
	struct known_account **entries; /* owned, by fingerprint, ascending */
	size_t count, room;
};

/* The entry of an account, which stays the accounts'. One that is new here has what the
 * source has of the account, which may be nothing. */
MUST_CHECK enum err accounts_get(struct check_accounts *accounts,
				 struct span fingerprint,
				 struct known_account **found);

/* Notes that links of the account up to that place are lacking; the verdict says so. */
struct check_verdict accounts_lack(struct known_account *entry,
				   const struct account_place *up_to);

#endif

/*
 * An account's log as GET /users/{username}/log answers, page after page: asked for, and
 * looked at without a server and without an account of one's own.
 */
#ifndef HERMETIC_REACH_LOG_PAGES_H
#define HERMETIC_REACH_LOG_PAGES_H

#include "reach/account.h"

#include <jansson.h>
#include <stdio.h>

/* Asks for the pages of that user's log, and gives each one. A failure of `each` ends it. */
MUST_CHECK enum err log_pages_ask(struct account *a, const char *username,
				  enum err (*each)(void *context,
						   const json_t *page),
				  void *context);

/*
 * Reads pages and verifies every link. *found, a new reference:
 *
 *   {fingerprint, number, hash, devices: [{device, signer, removed?}…], recovery, changed,
 *    closed, username?}
 *
 * `username` where the pages say whose log it is, and it is that one's. `signer` is the
 * number of a device, its own for the first one, 0: the recovery key. `changed`: the number
 * of the last link after which who compared the fingerprint has to do it again; 0: none.
 * `closed`: the number of the link, 0: it is open. ERR_PEER_MALFORMED ("no-account-log"),
 * ERR_PEER_INVALID ("link-invalid", "another-name"), with a reason.
 */
MUST_CHECK enum err log_pages_check(FILE *file, struct why *why,
				    json_t **found);

#endif

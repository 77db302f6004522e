/*
 * The logs by which a commit or a GroupInfo is judged, as the database has them
 * (check/accounts.h), as far as this worker can verify them. A judgement says which ones
 * it lacks; these are read, and it is made again:
 *
 *   known_logs_begin(&known);
 *   verdict = check_commit(… known.accounts …);
 *   if (known_logs_wanted(&known))
 *           known_logs_read(&known, judge_again, arg);
 *   else if (verdict.wrong == NULL)
 *           known_logs_keep(&known, go_on, arg);
 */
#ifndef HERMETIC_SERVER_KNOWN_LOGS_H
#define HERMETIC_SERVER_KNOWN_LOGS_H

#include "base/digest.h"
#include "check/accounts.h"
#include "check/kept_logs.h"

struct known_log {
	struct digest fingerprint;
	struct kept_log *kept; /* held; NULL: there is no such log */
	bool whole;	       /* all was read, for a place of it */
};

struct known_logs {
	struct check_accounts *accounts;
	struct known_log *list; /* owned: those that were read */
	size_t count;
};

/* Do not move it afterwards. */
MUST_CHECK enum err known_logs_begin(struct known_logs *known);
void known_logs_clear(struct known_logs *known);

/* That one will be needed: it is wanted as if a judgement had lacked it. */
MUST_CHECK enum err known_logs_need(struct known_logs *known,
				    struct span fingerprint);

/* The last judgement lacked logs that were not read yet. */
bool known_logs_wanted(const struct known_logs *known);

/* The last judgement lacked links that the database does not have either. */
bool known_logs_lacking(const struct known_logs *known);

/* Reads them; done() is called once. Only where known_logs_wanted(). */
void known_logs_read(struct known_logs *known,
		     void (*done)(void *arg, enum err e), void *arg);

/* Links that the commit carried, and that go on from a log as it was read, or count
 * before it, are stored there: the next judgement takes them, and the commit may be the
 * only copy. done() is called once, perhaps at once. */
void known_logs_keep(struct known_logs *known,
		     void (*done)(void *arg, enum err e), void *arg);

#endif

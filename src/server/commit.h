/* A commit as the server sees it: a PublicMessage, whose proposals say who
 * comes and who goes. Signature and tags are for the members to check. */
#ifndef HERMETIC_SERVER_COMMIT_H
#define HERMETIC_SERVER_COMMIT_H

#include "base/span.h"
#include "check/view.h"
#include "server/known_logs.h"
#include "server/leaf_names.h"
#include "store/params.h"
#include "wire/log_view.h"

enum {
	COMMIT_CHANGES_MAX = 1024,
	/* Bytes of a leaf that comes into a group, and of a PartialGroupInfo. A tree is
	 * kept, made again and given out as a whole, so that no request's size bounds
	 * it; those of clients have some hundreds. */
	COMMIT_LEAF_MAX = 4096,
	COMMIT_PART_MAX = 4096
};

struct commit {
	struct uuid session;
	uint64_t epoch;	      /* the session's (wire/generation.h) */
	bool external;	      /* sent by a new member (12.4.3.2) */
	bool has_path;	      /* its sender's keys are new */
	struct log_view view; /* of its sender; borrowed */
	bool reinit; /* it ends the group: another one of this suite follows*/
	uint16_t reinit_suite;
	uint32_t sender_leaf;
	size_t removed_count, added_count;
	uint32_t removed[COMMIT_CHANGES_MAX];
	/* Of its path's leaf, where it has one, then of each that it adds. */
	struct leaf_name names[1 + COMMIT_CHANGES_MAX];
};

/* NULL, or what is wrong with it in a few words. */
const char *commit_read(struct commit *commit, struct span bytes,
			struct uuid session);

/* Finds whose leaves its identities name (server/leaf_names.h); done() is called
 * once, perhaps at once. */
void commit_find_names(struct commit *commit,
		       void (*done)(void *arg, enum err e), void *arg);

/* After that: NULL, or what is wrong with the leaves. `who` posts it. */
const char *commit_check_names(const struct commit *commit,
			       const struct identity *who);

/* Each device that they name was found. */
bool commit_names_found(const struct commit *commit);

/* The logs of the accounts whose leaves it names, or of which it carries links, are needed
 * to judge it. */
MUST_CHECK enum err commit_need_logs(const struct commit *commit,
				     struct known_logs *known);

/* One that was judged to be good, and the group behind it: NULL, or why
 * the links that it carries cannot be kept (check_accounts_stand()). */
const char *commit_check_links(const struct commit *commit,
			       const struct known_logs *known,
			       const struct check_view *view, bool *local);

/* What a judgement says against a commit, when there are no more logs to read. */
void commit_refuse(struct request *req, const struct known_logs *known,
		   const struct check_verdict *verdict);

/* The view as two parameters of a statement, NULLs when it gives none. */
void commit_put_view(const struct commit *commit, struct params *params);

#endif

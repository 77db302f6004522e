/*
 * All groups that the simulation has seen, and which commit led from which to
 * which: by their GroupContexts. Kept outside of every server, so that it is
 * the truth whatever the adversary serves.
 */
#ifndef HERMETIC_TESTS_SIM_LINEAGE_H
#define HERMETIC_TESTS_SIM_LINEAGE_H

#include "tests/sim/blob.h"

struct lineage_group {
	uint8_t context[32]; /* SHA-256 of the encoded GroupContext */
	size_t parent;	     /* SIZE_MAX: none that is known */
	struct blob *before, *commit, *info; /* shared; before, commit: may be
						NULL */
	uint64_t epoch;
	uint64_t seq; /* of the log after it */
	uint8_t session[16];
};

/* Which group a commit of a device is of. */
struct lineage_made {
	uint8_t commit[32]; /* SHA-256 */
	size_t group;
	struct blob *part; /* PartialGroupInfo; NULL: none */
};

/* A departure that stood in the log of some server. */
struct lineage_departure {
	struct blob *bytes;
	uint8_t session[16];
};

struct lineage {
	struct lineage_departure *departures;
	size_t departure_count;
	struct lineage_made *made;
	size_t made_count;
	struct lineage_group *groups;
	size_t count;
};

void lineage_clear(struct lineage *lineage);

/* A commit was taken by some server. `before` may be empty. */
void lineage_note(struct lineage *lineage, const uint8_t session[16],
		  struct span before, struct span commit, struct span after,
		  uint64_t seq);

/* A departure was taken by some server: it counts where a member has read it, even
 * if that server forgets it afterwards. */
void lineage_note_departure(struct lineage *lineage, const uint8_t session[16],
			    struct span departure);

/* A device hands out `commit` of the group with that context, with `part` of the next
 * GroupInfo (may be empty). A server may have another group in place of the one that it
 * is of: then it completes that part to what the commit does not lead to. And the first
 * group of a generation has no transcript that tells where it came from. */
void lineage_note_made(struct lineage *lineage, struct span commit,
		       struct span part, const uint8_t context[32]);

/* SIZE_MAX: no such group was seen. */
size_t lineage_find(const struct lineage *lineage, const uint8_t context[32]);

/* `younger` came out of `older` by commits, or is the same. */
bool lineage_descends(const struct lineage *lineage, size_t younger,
		      size_t older);

/* SHA-256 of the GroupContext in a GroupInfo (MLSMessage); false: none. */
bool lineage_context(struct span group_info, uint8_t context[32]);

#endif

/* Members of MLS groups for tests: an identity each, with its keys. */
#ifndef HERMETIC_TESTS_MEMBERS_H
#define HERMETIC_TESTS_MEMBERS_H

#include "mls/group.h"

#define MEMBER_NOW 1700000000

struct member {
	struct mls_identity me;
	char name[32];
	struct sec signature_private;
	struct buf signature_public;
	struct mls_key_package_secrets secrets; /* of the last KeyPackage */
	struct buf key_package;
	struct mls_group *group;
};

/* A new client called `name`; all of these fail the test on an error. */
void member_init(struct member *m, const struct suite *suite, const char *name);
void member_clear(struct member *m);

void member_key_package(struct member *m);
void member_create(struct member *m, const char *group_id);

/* Commits with these members added and leaves removed, and merges. */
void member_commit(struct member *m, struct member **added, size_t add_count,
		   const uint32_t *removed, size_t remove_count,
		   bool force_path, struct mls_commit *out);
void member_join(struct member *m, const struct mls_commit *commit);
/* Processes a commit and merges it. */
void member_follow(struct member *m, struct span commit);

/* Each of them sends, all others read, epoch authenticators are equal. */
void members_talk(struct member *all, size_t count);

/* Saves, frees, loads. */
void member_reload(struct member *m);

/* external_senders with that one alone, with a basic credential; appended. */
void members_put_sender(struct buf *extensions, struct span signature_key,
			struct span identity);

#endif

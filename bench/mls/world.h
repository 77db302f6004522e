/*
 * A group of n members whose tree is full, seen by two of them: the first leaf
 * and the last. The tree is what it would be after commits of all: every
 * parent has a key and a parent hash, every leaf a signature over its own. So
 * who joins by Welcome finds nothing wrong with it. It is built from the
 * bottom, which is one signature a leaf and one key a parent, while commits
 * would be n log n.
 */
#ifndef HERMETIC_BENCH_WORLD_H
#define HERMETIC_BENCH_WORLD_H

#include "mls/epoch.h"
#include "mls/group.h"

#define WORLD_NOW 1750000000u

/* One client with its keys. */
struct world_client {
	struct mls_identity me;
	char name[32];
	uint16_t suite_id;
	struct sec signature_private;
	struct buf signature_public;
	struct buf key_package;
	struct mls_key_package_secrets secrets;
};

void world_client_init(struct world_client *client, const struct suite *suite,
		       uint32_t number);
void world_client_clear(struct world_client *client);

struct world {
	const struct suite *suite;
	uint32_t members;
	struct world_client first, last; /* of the leaves */
	struct world_client joiner;	 /* has a KeyPackage */
	struct treekem_private first_keys, last_keys;
	struct mls_group *first_group, *last_group;
	size_t leaf_bytes; /* encoded leaves, all */
	const struct world_people *people;
};

/* Whose the leaves are, where it matters. */
struct world_people {
	/* Gives a client, whose keys are made, another identity, which lives as long as
	 * the world. */
	void (*name)(uint32_t number, struct world_client *client);
	/* The GroupContext's, once all have one. Borrowed. */
	struct span (*extensions)(void);
};

/* n >= 2. Ends the program on a failure. `people` may be NULL. */
void world_init(struct world *w, const struct suite *suite, uint32_t members,
		const struct world_people *people);
void world_clear(struct world *w);

/* Says where and ends the program unless `e` is ERR_OK. */
void world_must(enum err e, const char *what);

#endif

/* A member of our engine whom a driver tells what to do, and the lines that it is told
 * by. A line that cannot be read ends the process. */
#ifndef HERMETIC_TESTS_INTEROP_MEMBER_H
#define HERMETIC_TESTS_INTEROP_MEMBER_H

#include <jansson.h>

#include "mls/group.h"

#define PACKAGES_MAX 4 /* of one member, the last ones */
#define COMPONENT 0x8001

/* The driver's own extension, then a dictionary with an empty app_components. */
enum { OWN_EXTENSION = 6, RENEWED_BYTES = 14 };
extern const uint8_t RENEWED[RENEWED_BYTES];

struct package {
	struct buf bytes;
	struct mls_key_package_secrets secrets;
};

struct member {
	char name[64];
	struct mls_identity me;
	struct sec private_key;
	struct buf public_key;
	/* what a commit or an Update is to make of it */
	struct mls_identity next;
	struct sec next_private_key;
	struct buf next_public_key;
	struct package packages[PACKAGES_MAX];
	size_t next_package;
	struct mls_group *group;
	struct rng rng; /* the same numbers for the same seed */
	uint64_t state;
};

/* The member that the line names as "who". */
struct member *member_find(const json_t *q);

/* ---- line.c ---- */

/* Bytes in base64, empty when there are none; the caller clears them. */
struct buf line_bytes(const json_t *value);
struct buf line_bytes_at(const json_t *q, const char *key);
void line_put_bytes(json_t *answer, const char *key, struct span bytes);
/* 0 or false when there is none. */
uint64_t line_number_at(const json_t *q, const char *key);
bool line_flag_at(const json_t *q, const char *key);

/* ---- commits.c ---- */

/* Another signature key and an extension, or NULL where none are asked for. */
enum err member_renews(struct member *m, const json_t *q,
		       const struct mls_identity **next);

/* What a line asks for; `answer` is as it was on failure. */
enum err member_commit(const json_t *q, json_t *answer);
enum err member_merge(const json_t *q, json_t *answer);
enum err member_discard(const json_t *q, json_t *answer);
enum err member_join_external(const json_t *q, json_t *answer);
enum err member_successor(const json_t *q, json_t *answer);

#endif

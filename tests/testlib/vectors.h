/* Public test vectors in JSON: $HERMETIC_VECTORS, or ../shared/vectors. */
#ifndef HERMETIC_TESTS_VECTORS_H
#define HERMETIC_TESTS_VECTORS_H

#include <jansson.h>

#include "base/buf.h"
#include "crypto/suite.h"

/* The folder. */
const char *vectors_folder(void);

/* `name` is the path below the folder, "mls/treekem.json". NULL, and a printed
 * sentence, when the file is not there: skip() then. */
json_t *vectors_load(const char *name);

/* Appends the bytes of a hexadecimal member; false when it is not there (or
 * null) or not hexadecimal. */
bool vectors_hex(const json_t *object, const char *key, struct buf *out);

/* The same, in memory that lives until vectors_forget(); empty when absent. */
struct span vectors_bytes(const json_t *object, const char *key);
struct span vectors_text_bytes(const char *hex);
/* A private signature key: the files write ECDSA's scalars without their
 * leading zeros, which sign_private_parse() wants. */
struct span vectors_signature_key(const struct suite *suite,
				  const json_t *object, const char *key);
void vectors_forget(void);
/* The same, as the teardown of a group of tests. */
int vectors_teardown(void **state);

/*
 * For every case of a file: check() returns whether it passed. Prints one line
 * a suite, "FILE SUITE: N passed, N failed, N skipped"; they add up to the cases
 * in the file. Skipped are those of a suite that we do not have; a case without
 * a suite fails. The lines go to the end of the file $HERMETIC_VECTORS_REPORT,
 * too, when that is set. Returns the number of failures, one for a file without
 * any case that could be checked, or -1 when the file is not there.
 */
int vectors_run(const char *name,
		bool (*check)(const struct suite *suite, const json_t *item));

/* The same for cases that are of no suite: SUITE is "none", check() gets NULL. */
int vectors_run_plain(const char *name, bool (*check)(const struct suite *none,
						      const json_t *item));

#endif

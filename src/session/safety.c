#include "session/safety.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "crypto/hash.h"

#define LABEL "hermetic safety number 1"
#define FINGERPRINT_LABEL "hermetic fingerprint 1"
#define GROUP_BYTES 5
#define GROUP_MODULUS 100000

_Static_assert(SAFETY_GROUPS *GROUP_BYTES <= 64, "SHA-512 is enough");

static int compare(const void *a, const void *b)
{
	return span_compare(*(const struct span *)a, *(const struct span *)b);
}

static void print(const uint8_t *digest, char out[SAFETY_SIZE])
{
	for (size_t i = 0; i < SAFETY_GROUPS; i++) {
		uint64_t group = 0;

		for (size_t j = 0; j < GROUP_BYTES; j++)
			group = group << 8 | digest[i * GROUP_BYTES + j];
		group %= GROUP_MODULUS;
		for (size_t j = GROUP_BYTES; j-- > 0; group /= 10)
			out[i * 6 + j] = (char)('0' + group % 10);
		out[i * 6 + 5] = i + 1 < SAFETY_GROUPS ? ' ' : '\0';
	}
}

enum err safety_number(struct span session_id,
		       const struct safety_member *members, size_t count,
		       char out[SAFETY_SIZE])
{
	/* Any suite with SHA-512: the number is one for all algorithms. */
	const struct suite *sha512 =
	    suite_by_id(SUITE_X448_AES256GCM_SHA512_ED448);
	struct span *parts = calloc(count + 2, sizeof(*parts));
	struct buf *encoded = calloc(count + 1, sizeof(*encoded));
	uint8_t digest[SUITE_HASH_MAX];
	enum err e;

	ENSURE(parts != NULL && encoded != NULL, ERR_LOCAL_MEMORY);
	ENSURE(sha512 != NULL, ERR_LOCAL_BUG);
	parts[0] = SPAN_LIT(LABEL);
	parts[1] = session_id;
	for (size_t i = 0; i < count; i++) {
		buf_put_vec(&encoded[i], members[i].identity);
		buf_put_vec(&encoded[i], members[i].signature_key);
		TRY(buf_end(&encoded[i]));
		parts[i + 2] = buf_span(&encoded[i]);
	}
	qsort(parts + 2, count, sizeof(*parts), compare);
	TRY(hash_digest(sha512, parts, count + 2, digest));
	print(digest, out);
out:
	for (size_t i = 0; encoded != NULL && i < count; i++)
		buf_clear(&encoded[i]);
	free(encoded);
	free(parts);
	return e;
}

enum err safety_fingerprint(struct span fingerprint, char out[SAFETY_SIZE])
{
	const struct suite *sha512 =
	    suite_by_id(SUITE_X448_AES256GCM_SHA512_ED448);
	const struct span parts[] = { SPAN_LIT(FINGERPRINT_LABEL),
				      fingerprint };
	uint8_t digest[SUITE_HASH_MAX];
	enum err e;

	TRY(hash_digest(sha512, parts, 2, digest));
	print(digest, out);
out:
	return e;
}

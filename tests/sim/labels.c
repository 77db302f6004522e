/*
 * check_label() and leaf_verify() are wrapped: dozens of devices verify the same
 * signatures of the same commits, links and leaves, and whether one verifies depends on
 * nothing else. So each is verified once, and the verdict is remembered by a hash of all
 * that it depends on.
 */
#include "check/label.h"
#include "mls/leaf.h"

#include <string.h>

#include "base/buf.h"
#include "crypto/hash.h"

#include "tests/sim/blob.h"

enum { ROOM = 1 << 20, KEY = 16 };

static struct verdict {
	uint8_t key[KEY];
	bool there;
	enum err result;
} verdicts[ROOM];

enum err __real_check_label(const struct suite *suite, struct span key,
			    const char *label, struct span content,
			    struct span signature);
enum err __wrap_check_label(const struct suite *suite, struct span key,
			    const char *label, struct span content,
			    struct span signature);
enum err __real_leaf_verify(const struct sign_key *key,
			    const struct wire_leaf_node *leaf,
			    struct span group_id, uint32_t leaf_index);
enum err __wrap_leaf_verify(const struct sign_key *key,
			    const struct wire_leaf_node *leaf,
			    struct span group_id, uint32_t leaf_index);

static struct verdict *find(const struct span *parts, size_t count)
{
	uint8_t digest[32];
	struct verdict *verdict;

	sim_must(hash_sha256(parts, count, digest), "hash");
	verdict =
	    &verdicts[(digest[29] << 16 | digest[30] << 8 | digest[31]) % ROOM];
	if (memcmp(verdict->key, digest, KEY) != 0)
		verdict->there = false;
	memcpy(verdict->key, digest, KEY);
	return verdict;
}

/* A failure of ours says nothing of the signature. */
static enum err remember(struct verdict *verdict, enum err result)
{
	verdict->result = result;
	verdict->there = err_class(result) != ERR_CLASS_LOCAL;
	return result;
}

enum err __wrap_check_label(const struct suite *suite, struct span key,
			    const char *label, struct span content,
			    struct span signature)
{
	struct buf lengths = BUF_INIT;
	struct verdict *verdict;

	buf_put_u16(&lengths, suite->id);
	buf_put_u64(&lengths, key.n);
	buf_put_u64(&lengths, strlen(label));
	buf_put_u64(&lengths, content.n);
	{
		const struct span parts[] = { buf_span(&lengths), key,
					      span_str(label), content,
					      signature };

		verdict = find(parts, 5);
	}
	buf_clear(&lengths);
	return verdict->there
		   ? verdict->result
		   : remember(verdict, __real_check_label(suite, key, label,
							  content, signature));
}

/* The key is the one that stands in the leaf, and all suites here have one scheme. */
enum err __wrap_leaf_verify(const struct sign_key *key,
			    const struct wire_leaf_node *leaf,
			    struct span group_id, uint32_t leaf_index)
{
	struct buf place = BUF_INIT;
	struct verdict *verdict;

	buf_put_u64(&place, leaf->unsigned_part.n);
	buf_put_u64(&place, leaf->signature.n);
	buf_put_u32(&place, leaf_index);
	buf_put_u8(&place, leaf->source);
	{
		const struct span parts[] = { SPAN_LIT("leaf"),
					      buf_span(&place),
					      leaf->unsigned_part,
					      leaf->signature, group_id };

		verdict = find(parts, 5);
	}
	buf_clear(&place);
	return verdict->there
		   ? verdict->result
		   : remember(verdict, __real_leaf_verify(key, leaf, group_id,
							  leaf_index));
}

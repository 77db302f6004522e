#include "store/bucket.h"

#include <inttypes.h>
#include <stdio.h>

static uint32_t rotated(uint32_t x, unsigned by)
{
	return x << by | x >> (32 - by);
}

static uint32_t word(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

/* uuid_hash() of PostgreSQL: lookup3 of Bob Jenkins, over 16 bytes. */
static uint32_t hash_of(const uint8_t bytes[16])
{
	uint32_t a = 0x9e3779b9 + 16 + 3923095, b = a, c = a;

	a += word(bytes);
	b += word(bytes + 4);
	c += word(bytes + 8);

	a = (a - c) ^ rotated(c, 4);
	c += b;
	b = (b - a) ^ rotated(a, 6);
	a += c;
	c = (c - b) ^ rotated(b, 8);
	b += a;
	a = (a - c) ^ rotated(c, 16);
	c += b;
	b = (b - a) ^ rotated(a, 19);
	a += c;
	c = (c - b) ^ rotated(b, 4);
	b += a;

	a += word(bytes + 12);

	c = (c ^ b) - rotated(b, 14);
	a = (a ^ c) - rotated(c, 11);
	b = (b ^ a) - rotated(a, 25);
	c = (c ^ b) - rotated(b, 16);
	a = (a ^ c) - rotated(c, 4);
	b = (b ^ a) - rotated(a, 14);
	c = (c ^ b) - rotated(b, 24);
	return c;
}

unsigned bucket_of(struct uuid session, unsigned buckets)
{
	/* the hash is a signed number there, and its ranges begin at the
	 * smallest one */
	uint32_t place = hash_of(session.bytes) ^ 0x80000000;
	uint32_t bucket;

	if (buckets <= 1)
		return 0;
	bucket = place / (uint32_t)(0x100000000 / buckets);
	return bucket < buckets ? bucket : buckets - 1;
}

void bucket_put(struct params *params, struct uuid session, unsigned buckets)
{
	if (buckets > 1)
		params_uuid(params, session);
	else
		params_null(params);
}

bool buckets_fit(unsigned buckets, uint64_t shards)
{
	/* with one bucket no statement says which shard it is for */
	return shards == 0 || (buckets > 1 && buckets % shards == 0);
}

void buckets_misfit(char out[BUCKETS_MISFIT_SIZE], unsigned buckets,
		    uint64_t shards)
{
	(void)snprintf(out, BUCKETS_MISFIT_SIZE,
		       "HERMETIC_DATABASE_BUCKETS is %u, and the sessions are "
		       "on %" PRIu64
		       " shards: it has to be that, or a multiple of it",
		       buckets, shards);
}

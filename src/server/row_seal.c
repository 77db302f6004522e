#include "server/row_seal.h"

#include <string.h>
#include <sys/random.h>

#include "base/rd.h"
#include "crypto/aead.h"
#include "store/cluster.h"
#include "store/lines.h"

enum { PREFIX = 8 };

_Static_assert(SUITE_NONCE + SUITE_AEAD_TAG <= LINES_SEAL_MAX,
	       "what a sealed row has more");

static struct {
	const struct suite *suite;
	uint8_t key[ROW_SEAL_KEY];
	/* All nodes have one key: what they count under it begins at random places that are
	 * far apart, and a process draws another before its numbers come again. */
	uint8_t prefix[PREFIX];
	uint32_t count;
} own;

static enum err draw(void)
{
	uint8_t prefix[PREFIX];

	if (getrandom(prefix, PREFIX, 0) != PREFIX)
		return ERR_LOCAL_CRYPTO;
	memcpy(own.prefix, prefix, PREFIX);
	own.count = 0;
	return ERR_OK;
}

enum err row_seal_start(const uint8_t key[ROW_SEAL_KEY])
{
	enum err e;

	own.suite = suite_by_algorithm(SPAN_LIT("chacha20-poly1305"));
	ENSURE(own.suite->nk == ROW_SEAL_KEY, ERR_LOCAL_BUG);
	memcpy(own.key, key, ROW_SEAL_KEY);
	TRY(draw());
out:
	return e;
}

/* What one timeline stored another may have lost, and has something else there. */
static struct span timeline(uint8_t room[4])
{
	uint32_t seen = cluster_timeline();

	for (size_t i = 0; i < 4; i++)
		room[i] = (uint8_t)(seen >> (24 - 8 * i));
	return span_of(room, 4);
}

enum err row_seal(struct span row, struct buf *out)
{
	struct buf nonce = BUF_INIT;
	uint8_t room[4];
	enum err e;

	if (own.count == UINT32_MAX)
		TRY(draw());
	buf_put(&nonce, SPAN_ARRAY(own.prefix));
	buf_put_u32(&nonce, own.count++);
	TRY(buf_end(&nonce));
	buf_put(out, buf_span(&nonce));
	TRY(aead_seal(own.suite, SPAN_ARRAY(own.key), buf_span(&nonce),
		      timeline(room), row, out));
out:
	buf_clear(&nonce);
	return e;
}

enum err row_open(struct span sealed, struct buf *out)
{
	struct rd r = rd_init(sealed);
	struct span nonce = rd_take(&r, SUITE_NONCE);
	struct span bytes = rd_take(&r, rd_left(&r));
	uint8_t room[4];

	if (!rd_ok(&r))
		return ERR_PEER_CRYPTO;
	return aead_open(own.suite, SPAN_ARRAY(own.key), nonce, timeline(room),
			 bytes, out);
}

#include "session/chain.h"

#include "base/fault.h"

#include <string.h>

#include "check/log_head.h"
#include "crypto/hash.h"

#define VIEW_VERSION 1

static uint8_t *slot(struct chain *chain, uint64_t seq)
{
	return chain->heads[seq % CHAIN_KEPT];
}

enum err chain_start(struct chain *chain, struct span session_id)
{
	uint8_t head[CHAIN_HEAD];
	enum err e;

	TRY(log_head_first(session_id, head));
	chain_resume(chain, 0, head);
out:
	return e;
}

void chain_resume(struct chain *chain, uint64_t seq,
		  const uint8_t head[CHAIN_HEAD])
{
	memset(chain, 0, sizeof(*chain));
	chain->seq = seq;
	chain->first = seq;
	memcpy(slot(chain, seq), head, CHAIN_HEAD);
}

const uint8_t *chain_head(const struct chain *chain)
{
	return chain->heads[chain->seq % CHAIN_KEPT];
}

enum err chain_next_hash(const struct chain *chain, enum chain_kind kind,
			 const uint8_t hash[CHAIN_HEAD],
			 uint8_t head[CHAIN_HEAD])
{
	return log_head_next(chain_head(chain), chain->seq + 1, (uint8_t)kind,
			     hash, head);
}

enum err chain_next(const struct chain *chain, enum chain_kind kind,
		    struct span bytes, uint8_t head[CHAIN_HEAD])
{
	uint8_t hash[CHAIN_HEAD];
	enum err e;

	TRY(hash_one(bytes, hash));
	TRY(chain_next_hash(chain, kind, hash, head));
out:
	return e;
}

enum err chain_check_next(const struct chain *chain, enum chain_kind kind,
			  struct span bytes, const uint8_t claimed[CHAIN_HEAD])
{
	struct span wanted = span_of(claimed, CHAIN_HEAD);
	uint8_t head[CHAIN_HEAD];
	enum err e;

	TRY(chain_next(chain, kind, bytes, head));
	if (span_equal(SPAN_ARRAY(head), wanted) || FAULT(CHAIN_UNCHECKED))
		return ERR_OK;
	TRY(log_head_next_1(chain_head(chain), chain->seq + 1, (uint8_t)kind,
			    bytes, head));
	ENSURE(span_equal(SPAN_ARRAY(head), wanted), ERR_PEER_FORK);
out:
	return e;
}

void chain_advance(struct chain *chain, const uint8_t head[CHAIN_HEAD])
{
	chain->seq++;
	memcpy(slot(chain, chain->seq), head, CHAIN_HEAD);
	if (chain->seq - chain->first >= CHAIN_KEPT)
		chain->first++;
}

void chain_put_view(const struct chain *chain, struct buf *view)
{
	buf_put_u8(view, VIEW_VERSION);
	buf_put_u64(view, chain->seq);
	buf_put(view, span_of(chain_head(chain), CHAIN_HEAD));
}

enum err chain_check_view(const struct chain *chain, struct span view,
			  bool *compared)
{
	struct rd r = rd_init(view);
	uint8_t version = rd_u8(&r);
	uint64_t seq = rd_u64(&r);
	struct span head = rd_take(&r, CHAIN_HEAD);

	*compared = false;
	if (rd_end(&r) != ERR_OK || version != VIEW_VERSION)
		return ERR_PEER_MALFORMED;
	if (seq > chain->seq)
		return ERR_PEER_FORK;
	if (seq < chain->first)
		return ERR_OK;
	*compared = true;
	return span_equal(head, SPAN_ARRAY(chain->heads[seq % CHAIN_KEPT]))
		   ? ERR_OK
		   : ERR_PEER_FORK;
}

void chain_save_place(const struct chain *chain, struct buf *out)
{
	buf_put_u64(out, chain->seq);
	buf_put_u64(out, chain->first);
}

void chain_load_place(struct chain *chain, struct rd *r)
{
	memset(chain, 0, sizeof(*chain));
	chain->seq = rd_u64(r);
	chain->first = rd_u64(r);
	if (chain->first > chain->seq ||
	    chain->seq - chain->first >= CHAIN_KEPT)
		rd_fail(r, ERR_PEER_MALFORMED);
}

void chain_load(struct chain *chain, struct rd *r)
{
	chain_load_place(chain, r);
	for (uint64_t seq = chain->first; rd_ok(r) && seq <= chain->seq; seq++)
		rd_copy(r, slot(chain, seq), CHAIN_HEAD);
}

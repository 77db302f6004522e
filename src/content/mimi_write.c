#include "content/item.h"
#include "content/mimi.h"

/* ---- parts ---- */

static void put_external(struct buf *out, const struct mimi_part *part)
{
	const struct mimi_external *x = &part->external;

	item_put_text(out, part->content_type);
	item_put_text(out, x->url);
	item_put_uint(out, x->expires);
	item_put_uint(out, x->size);
	item_put_uint(out, x->aead);
	item_put_bytes(out, x->key);
	item_put_bytes(out, x->nonce);
	item_put_bytes(out, x->aad);
	item_put_uint(out, x->hash);
	item_put_bytes(out, x->content_hash);
	item_put_text(out, x->description);
	item_put_text(out, x->filename);
}

/* The head of a part: how many items it has hangs on what it is. */
static void put_head(struct buf *out, const struct mimi_part *part,
		     size_t items)
{
	item_put_array(out, items);
	item_put_uint(out, part->disposition);
	item_put_text(out, part->language);
	item_put_uint(out, (uint64_t)part->cardinality);
}

static void put_part(struct buf *out, const struct mimi_part *part)
{
	switch (part->cardinality) {
	case MIMI_NULL:
		put_head(out, part, 3);
		break;
	case MIMI_SINGLE:
		put_head(out, part, 5);
		item_put_text(out, part->content_type);
		item_put_bytes(out, part->content);
		break;
	case MIMI_EXTERNAL:
		put_head(out, part, 15);
		put_external(out, part);
		break;
	case MIMI_MULTI:
		put_head(out, part, 5);
		item_put_uint(out, (uint64_t)part->semantics);
		item_put_array(out, part->children);
		break;
	}
}

/* ---- the fields ---- */

static void put_id(struct buf *out, struct span id)
{
	if (id.n == 0)
		item_put_null(out);
	else
		item_put_bytes(out, id);
}

static void put_expires(struct buf *out, const struct mimi_message *m)
{
	if (!m->expires) {
		item_put_null(out);
		return;
	}
	item_put_array(out, 2);
	item_put_bool(out, m->relative);
	item_put_uint(out, m->expires_at);
}

static enum err count_pairs(struct span pairs, size_t *count)
{
	struct item_rd r = item_rd_init(pairs);

	for (*count = 0; r.rest.n > 0; (*count)++) {
		(void)item_key(&r);
		(void)item_any(&r, MIMI_EXTENSION_LEVELS - 1);
	}
	return item_end(&r);
}

void mimi_put_extension(struct buf *pairs, int64_t number, struct span text)
{
	if (number >= 0)
		item_put_uint(pairs, (uint64_t)number);
	else
		item_put_negint(pairs, (uint64_t)(-1 - number));
	item_put_text(pairs, text);
}

/* The parts stand as they are written, depth first; whether their numbers fit
 * each other, and all else, the reader finds out. */
enum err mimi_encode(const struct mimi_message *message, struct buf *out)
{
	struct mimi_message again = { .parts = NULL };
	struct buf made = BUF_INIT;
	size_t pairs;
	enum err e;

	TRY(count_pairs(message->extensions, &pairs));
	item_put_array(&made, 7);
	item_put_bytes(&made, SPAN_ARRAY(message->salt));
	put_id(&made, message->replaces);
	item_put_bytes(&made, message->topic);
	put_expires(&made, message);
	put_id(&made, message->in_reply_to);
	item_put_map(&made, pairs);
	buf_put(&made, message->extensions);
	for (size_t i = 0; i < message->part_count; i++)
		put_part(&made, &message->parts[i]);
	TRY(buf_end(&made));
	TRY(mimi_decode(buf_span(&made), &again));
	ENSURE(again.part_count == message->part_count, ERR_LOCAL_BUG);
	buf_put(out, buf_span(&made));
	TRY(out->fail);
out:
	mimi_message_clear(&again);
	buf_clear(&made);
	return e;
}
